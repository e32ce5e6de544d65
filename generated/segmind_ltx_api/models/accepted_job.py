from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="AcceptedJob")


@_attrs_define
class AcceptedJob:
    """A job that was accepted.

    Attributes:
        request_id (None | str | Unset): The id of the job. Opaque; keep it, since it is the only way back to a paid
            job.
        status (None | str | Unset): The first state.
        poll_url (None | str | Unset): The address of the result under v1, for older clients.
        status_url (None | str | Unset): Where the job is polled.
        response_url (None | str | Unset): Where the result is fetched.
    """

    request_id: None | str | Unset = UNSET
    status: None | str | Unset = UNSET
    poll_url: None | str | Unset = UNSET
    status_url: None | str | Unset = UNSET
    response_url: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        request_id: None | str | Unset
        if isinstance(self.request_id, Unset):
            request_id = UNSET
        else:
            request_id = self.request_id

        status: None | str | Unset
        if isinstance(self.status, Unset):
            status = UNSET
        else:
            status = self.status

        poll_url: None | str | Unset
        if isinstance(self.poll_url, Unset):
            poll_url = UNSET
        else:
            poll_url = self.poll_url

        status_url: None | str | Unset
        if isinstance(self.status_url, Unset):
            status_url = UNSET
        else:
            status_url = self.status_url

        response_url: None | str | Unset
        if isinstance(self.response_url, Unset):
            response_url = UNSET
        else:
            response_url = self.response_url

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if request_id is not UNSET:
            field_dict["request_id"] = request_id
        if status is not UNSET:
            field_dict["status"] = status
        if poll_url is not UNSET:
            field_dict["poll_url"] = poll_url
        if status_url is not UNSET:
            field_dict["status_url"] = status_url
        if response_url is not UNSET:
            field_dict["response_url"] = response_url

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_request_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        request_id = _parse_request_id(d.pop("request_id", UNSET))

        def _parse_status(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        status = _parse_status(d.pop("status", UNSET))

        def _parse_poll_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        poll_url = _parse_poll_url(d.pop("poll_url", UNSET))

        def _parse_status_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        status_url = _parse_status_url(d.pop("status_url", UNSET))

        def _parse_response_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        response_url = _parse_response_url(d.pop("response_url", UNSET))

        accepted_job = cls(
            request_id=request_id,
            status=status,
            poll_url=poll_url,
            status_url=status_url,
            response_url=response_url,
        )

        accepted_job.additional_properties = d
        return accepted_job

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
