from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.blocking_result import BlockingResult
from ...models.error_message import ErrorMessage
from ...models.ltx_2_19b_t2v_request import Ltx219BT2VRequest
from ...types import Response


def _get_kwargs(
    *,
    body: Ltx219BT2VRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/ltx-2-19b-t2v",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> BlockingResult | ErrorMessage:
    if response.status_code == 200:
        response_200 = BlockingResult.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = ErrorMessage.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = ErrorMessage.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = ErrorMessage.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = ErrorMessage.from_dict(response.json())

        return response_404

    if response.status_code == 406:
        response_406 = ErrorMessage.from_dict(response.json())

        return response_406

    if response.status_code == 410:
        response_410 = ErrorMessage.from_dict(response.json())

        return response_410

    if response.status_code == 429:
        response_429 = ErrorMessage.from_dict(response.json())

        return response_429

    if response.status_code == 500:
        response_500 = ErrorMessage.from_dict(response.json())

        return response_500

    if response.status_code == 502:
        response_502 = ErrorMessage.from_dict(response.json())

        return response_502

    if response.status_code == 504:
        response_504 = ErrorMessage.from_dict(response.json())

        return response_504

    response_default = ErrorMessage.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[BlockingResult | ErrorMessage]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: Ltx219BT2VRequest,
) -> Response[BlockingResult | ErrorMessage]:
    """Generate with ltx-2-19b-t2v and wait

     Blocks until the video has been made.

    Args:
        body (Ltx219BT2VRequest): Parameters of ltx-2-19b-t2v. Usually 103 s, about 0.416 USD.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BlockingResult | ErrorMessage]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: Ltx219BT2VRequest,
) -> BlockingResult | ErrorMessage | None:
    """Generate with ltx-2-19b-t2v and wait

     Blocks until the video has been made.

    Args:
        body (Ltx219BT2VRequest): Parameters of ltx-2-19b-t2v. Usually 103 s, about 0.416 USD.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BlockingResult | ErrorMessage
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: Ltx219BT2VRequest,
) -> Response[BlockingResult | ErrorMessage]:
    """Generate with ltx-2-19b-t2v and wait

     Blocks until the video has been made.

    Args:
        body (Ltx219BT2VRequest): Parameters of ltx-2-19b-t2v. Usually 103 s, about 0.416 USD.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BlockingResult | ErrorMessage]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: Ltx219BT2VRequest,
) -> BlockingResult | ErrorMessage | None:
    """Generate with ltx-2-19b-t2v and wait

     Blocks until the video has been made.

    Args:
        body (Ltx219BT2VRequest): Parameters of ltx-2-19b-t2v. Usually 103 s, about 0.416 USD.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BlockingResult | ErrorMessage
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
