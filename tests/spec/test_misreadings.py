"""Test each passage of the five pages that is easy to misread."""

from __future__ import annotations

import copy

import pytest

from segmind_ltx_spec import Contract, clauses_by_id, contract_of, expected_video

READS = ["/v2/requests/{request_id}/status", "/v2/requests/{request_id}"]


@pytest.mark.parametrize(
    ("slug", "name", "printed"),
    [
        ("ltx-video", "length", "9797129161193225257"),
        ("ltx-video", "target_size", "6405125766407047688328969601024"),
        ("ltx-2-fast", "duration", "86810"),
        ("ltx-2-pro", "duration", "66810"),
    ],
)
def test_flattened_enums(contract: Contract, slug: str, name: str, printed: str) -> None:
    """The page prints the default and the allowed values as one number; the schema has them apart."""
    schema = contract.models[slug].parameters[name]
    assert "".join(map(str, [schema["default"], *schema["enum"]])) == printed
    assert schema["enum"] == sorted(schema["enum"])
    assert schema["default"] in schema["enum"]


def test_inferred_ratios(contract: Contract) -> None:
    """Ten ratios are printed; the "+3 more" are inferred, and graded I so that no target fails over them."""
    schema = contract.models["ltx-video"].parameters["aspect_ratio"]
    inferred = schema["x-source"]["inferred"]
    assert inferred == ["9:21", "16:9", "21:9"]
    assert len(schema["enum"]) == len(set(schema["enum"])) == 13
    assert set(inferred) < set(schema["enum"])
    assert clauses_by_id()["ltx-video.aspect_ratio.enum-inferred"].grade == "I"
    printed = clauses_by_id()["ltx-video.aspect_ratio.enum"]
    assert printed.grade == "D"
    assert not any(ratio in printed.statement for ratio in inferred)


def test_ratios_are_strings(contract: Contract) -> None:
    """Ratios are strings; YAML 1.1 reads an unquoted 16:9 as 969."""
    assert all(isinstance(ratio, str) for ratio in contract.models["ltx-video"].parameters["aspect_ratio"]["enum"])


def test_ltx_video_seed_has_no_default(contract: Contract) -> None:
    """2357108 is printed like a default and is an example; the 19B models have a default seed."""
    model = contract.models["ltx-video"]
    assert "seed" not in model.defaults
    assert model.parameters["seed"]["examples"] == [2357108]
    assert clauses_by_id()["ltx-video.seed.random"].grade == "D"
    assert "ltx-video.seed.default" not in clauses_by_id()
    assert contract.models["ltx-2-19b-t2v"].defaults["seed"] == 1234567890
    assert contract.models["ltx-2-19b-i2v"].defaults["seed"] == 42


def test_null_image_for_two_models(contract: Contract) -> None:
    """An image may be null for two models, and not for the two others with an image."""
    takes = {
        slug: model.parameters["image"]["type"]
        for slug, model in contract.models.items()
        if "image" in model.parameters
    }
    printed = {
        "ltx-video": ["string", "null"],
        "ltx-2-fast": ["string", "null"],
        "ltx-2-pro": "string",
        "ltx-2-19b-i2v": "string",
    }
    assert {slug: takes[slug] for slug in printed} == printed
    found = {f"{slug}.image.null" for slug in printed} & clauses_by_id().keys()
    assert found == {"ltx-video.image.null", "ltx-2-fast.image.null"}


def test_image_required_by_one_model(contract: Contract) -> None:
    """Only ltx-2-19b-i2v requires an image."""
    assert [slug for slug, model in contract.models.items() if "image" in model.required] == ["ltx-2-19b-i2v"]


def test_ratio_ignored_with_image(contract: Contract) -> None:
    """With an image the aspect ratio has no effect on the size."""
    model = contract.models["ltx-video"]
    image = {"image": "https://example.com/a.png"}
    alone = expected_video(model, {"aspect_ratio": "9:16"})
    beside = expected_video(model, {"aspect_ratio": "9:16", **image})
    assert (alone.width, alone.height) == (448, 832)
    assert beside == expected_video(model, image) == expected_video(model, {"aspect_ratio": "1:1", **image})
    assert expected_video(model, {"aspect_ratio": "9:16", "image": None}) == alone
    assert clauses_by_id()["ltx-video.aspect_ratio.ignored-with-image"].grade == "D"


def test_defaults_differ_between_models(contract: Contract) -> None:
    """The same parameter has different defaults in different models."""
    found: dict[str, list[object]] = {}
    for model in contract.models.values():
        for name, value in model.defaults.items():
            if value not in found.setdefault(name, []):
                found[name].append(value)
    assert found["duration"] == [8, 6]
    assert found["resolution"] == ["2k", "1080p"]
    assert found["height"] == [768, 1280]
    assert found["width"] == [1024, 720]
    assert found["num_frames"] == [161, 181]


def test_v1_returns_bytes_or_json(contract: Contract) -> None:
    """A blocking call returns bytes or JSON."""
    for model in contract.models.values():
        content = contract.at(f"#/paths/{model.v1.replace('/', '~1')}/post/responses/200/content")
        assert set(content) == {"video/mp4", "application/json"}
    assert clauses_by_id()["transport.v1-bytes-or-json"].grade == "D"


def test_406_is_about_credits(contract: Contract) -> None:
    """406 is about credits, not content negotiation, and no GET has it."""
    for path, method, operation in contract.operations():
        assert ("406" in operation["responses"]) == (method == "post"), path
    assert "credits" in contract.at("#/components/responses/InsufficientCredits/description")
    assert clauses_by_id()["status.406-is-credits"].grade == "D"


def test_422_is_a_failed_job(contract: Contract) -> None:
    """422 is a failed job on both GETs, and never on a POST; an invalid payload is 400."""
    for path, method, operation in contract.operations():
        assert ("422" in operation["responses"]) == (method == "get"), path
        assert ("400" in operation["responses"]) == (method == "post"), path
    body = contract.at("#/components/responses/JobFailed/content/application~1json/schema")
    assert body == {"$ref": "#/components/schemas/FailedJob"}
    assert clauses_by_id()["status.422-is-a-failed-job"].grade == "D"


def test_results_expire_after_one_hour(contract: Contract) -> None:
    """Results are kept for one hour, then return 404."""
    by_id = clauses_by_id()
    assert "one hour" in by_id["job.kept-one-hour"].statement
    assert {by_id[name].grade for name in ("job.kept-one-hour", "job.expired-is-404", "job.unknown-is-404")} == {"D"}
    for path in READS:
        assert contract.document["paths"][path]["get"]["responses"]["404"] == {
            "$ref": "#/components/responses/UnknownRequest"
        }


def test_blocked_content_is_failed(contract: Contract) -> None:
    """There are exactly four states; blocked content is FAILED."""
    schemas = contract.document["components"]["schemas"]
    live = schemas["JobStatus"]["properties"]["status"]["enum"]
    assert live == schemas["JobResult"]["properties"]["status"]["enum"]
    assert [*live, schemas["FailedJob"]["properties"]["status"]["const"]] == [
        "QUEUED",
        "PROCESSING",
        "COMPLETED",
        "FAILED",
    ]
    assert clauses_by_id()["job.blocked-is-failed"].grade == "D"


def test_ltx_video_error_numbers(contract: Contract) -> None:
    """The page of ltx-video names the errors alone; their statuses are those of the other pages."""
    paths = contract.document["paths"]
    assert paths["/v1/ltx-video"]["post"]["responses"] == paths["/v1/ltx-2-pro"]["post"]["responses"]
    names = {
        "BadRequest": "400",
        "Unauthorized": "401",
        "Forbidden": "403",
        "NotFound": "404",
        "InsufficientCredits": "406",
        "RateLimited": "429",
        "ServerError": "500",
        "BadGateway": "502",
        "GatewayTimeout": "504",
    }
    found = {
        value["$ref"].rsplit("/", 1)[-1]: status
        for status, value in paths["/v1/ltx-video"]["post"]["responses"].items()
    }
    assert names.items() < found.items()


def test_misreadings_are_caught(contract: Contract) -> None:
    """If the document is misread on purpose in three places, the tests above fail."""
    document = copy.deepcopy(contract.document)
    video = document["components"]["schemas"]["LtxVideoRequest"]["properties"]
    video["seed"]["default"] = 2357108
    video["length"]["enum"] = [97, 129, 161, 193, 225257]
    document["paths"]["/v2/ltx-2-pro"]["post"]["responses"]["422"] = {"$ref": "#/components/responses/BadRequest"}
    sprung = contract_of(document)
    with pytest.raises(AssertionError):
        test_ltx_video_seed_has_no_default(sprung)
    with pytest.raises(AssertionError):
        test_422_is_a_failed_job(sprung)
    with pytest.raises(AssertionError):
        # The digits are the same; what differs is where they are cut, which the table of the pages knows.
        assert sprung.models["ltx-video"].parameters["length"] == contract.models["ltx-video"].parameters["length"]
