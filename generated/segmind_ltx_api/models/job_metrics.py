from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="JobMetrics")


@_attrs_define
class JobMetrics:
    """Timings and price of a job.

    Attributes:
        cost (float | None | Unset): Price of the job, in USD. Absent if the job failed.
        remaining_credits (float | None | Unset): Credits left on the account, in USD.
        queue_time (float | None | Unset): Time in the queue, in seconds.
        inference_time (float | None | Unset): Time on the worker, in seconds.
        total_time (float | None | Unset): Both together, in seconds.
        retry_count (int | None | Unset): How often the job was started again; absent if it was not.
    """

    cost: float | None | Unset = UNSET
    remaining_credits: float | None | Unset = UNSET
    queue_time: float | None | Unset = UNSET
    inference_time: float | None | Unset = UNSET
    total_time: float | None | Unset = UNSET
    retry_count: int | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        cost: float | None | Unset
        if isinstance(self.cost, Unset):
            cost = UNSET
        else:
            cost = self.cost

        remaining_credits: float | None | Unset
        if isinstance(self.remaining_credits, Unset):
            remaining_credits = UNSET
        else:
            remaining_credits = self.remaining_credits

        queue_time: float | None | Unset
        if isinstance(self.queue_time, Unset):
            queue_time = UNSET
        else:
            queue_time = self.queue_time

        inference_time: float | None | Unset
        if isinstance(self.inference_time, Unset):
            inference_time = UNSET
        else:
            inference_time = self.inference_time

        total_time: float | None | Unset
        if isinstance(self.total_time, Unset):
            total_time = UNSET
        else:
            total_time = self.total_time

        retry_count: int | None | Unset
        if isinstance(self.retry_count, Unset):
            retry_count = UNSET
        else:
            retry_count = self.retry_count

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if cost is not UNSET:
            field_dict["cost"] = cost
        if remaining_credits is not UNSET:
            field_dict["remaining_credits"] = remaining_credits
        if queue_time is not UNSET:
            field_dict["queue_time"] = queue_time
        if inference_time is not UNSET:
            field_dict["inference_time"] = inference_time
        if total_time is not UNSET:
            field_dict["total_time"] = total_time
        if retry_count is not UNSET:
            field_dict["retry_count"] = retry_count

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_cost(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        cost = _parse_cost(d.pop("cost", UNSET))

        def _parse_remaining_credits(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        remaining_credits = _parse_remaining_credits(d.pop("remaining_credits", UNSET))

        def _parse_queue_time(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        queue_time = _parse_queue_time(d.pop("queue_time", UNSET))

        def _parse_inference_time(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        inference_time = _parse_inference_time(d.pop("inference_time", UNSET))

        def _parse_total_time(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        total_time = _parse_total_time(d.pop("total_time", UNSET))

        def _parse_retry_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        retry_count = _parse_retry_count(d.pop("retry_count", UNSET))

        job_metrics = cls(
            cost=cost,
            remaining_credits=remaining_credits,
            queue_time=queue_time,
            inference_time=inference_time,
            total_time=total_time,
            retry_count=retry_count,
        )

        job_metrics.additional_properties = d
        return job_metrics

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
