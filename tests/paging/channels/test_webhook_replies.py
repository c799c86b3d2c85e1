"""A refusal in the body of a 2xx is found, and nothing else is taken for one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waexporter.model import Format
from waexporter.paging.channels.webhook_replies import find_refusal, is_web_page

REFUSALS = [
    (
        b'{"code":19001,"msg":"param invalid: incoming webhook access token invalid","data":{}}',
        "code 19001: param",
    ),
    (b'{"StatusCode":9499,"StatusMessage":"Bad Request"}', "StatusCode 9499: Bad Request"),
    (b'{"errcode":310000,"errmsg":"keywords not in content"}', "errcode 310000: keywords not in content"),
    (b'{"errcode":"93000","errmsg":"invalid webhook url"}', "errcode 93000: invalid webhook url"),
    (b'{"errcode":-1,"errmsg":"system busy"}', "errcode -1: system busy"),
    (b'{"ok":false,"error":"channel_not_found"}', "ok false: channel_not_found"),
    (b'{"ok":false,"error_code":429,"description":"Too Many Requests"}', "ok false: Too Many Requests"),
    (b'{"ok":false}', "ok false"),
    (b'{"success":false,"message":"unknown room"}', "success false: unknown room"),
    (b'{"errors":[{"code":1014}]}', "errors \u2026"),
    (b'{"errors":["application token is invalid"],"status":0}', "errors \u2026"),
    (b'{"error":"no such hook"}', "error no such hook"),
    (b'{"status":"error","message":"not today"}', "status error: not today"),
    (
        b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429",
        "Webhook message delivery failed",
    ),
]
ACCEPTANCES = [
    b"",
    b"1",
    b"ok",
    b"null",
    b"[]",
    b"{}",
    b"<ok/>",
    b"\xff\xfe",
    b'{"ok":true}',
    b'{"ok":true,"result":{"message_id":1},"error":""}',
    b'{"code":0,"msg":"success","data":{}}',
    b'{"StatusCode":0,"StatusMessage":"success"}',
    b'{"errcode":0,"errmsg":"ok"}',
    b'{"code":200,"msg":"done"}',
    b'{"code":201,"message":"created"}',
    b'{"code":1,"msg":"Success"}',
    b'{"code":"A17"}',
    b'{"code":50,"data":{}}',
    b'{"errors":[]}',
    b'{"errors":null,"error":null}',
    b'{"success":true}',
    b'{"status":"ok"}',
    b'{"status":1}',
    b'{"name":"spaces/A/messages/B","text":"FIRING"}',
    b'{"ok":',
]


@pytest.mark.parametrize(("body", "words"), REFUSALS, ids=[words for _, words in REFUSALS])
def test_a_refusal_is_quoted(body: bytes, words: str) -> None:
    assert find_refusal(body).startswith(words)


@pytest.mark.parametrize("body", ACCEPTANCES, ids=repr)
def test_any_other_body_is_no_refusal(body: bytes) -> None:
    assert find_refusal(body) == ""


# By format: the replies of its service to a refused and to an accepted message.
DISCORDS = (
    b'{"id":"1","type":0,"content":"error: invalid","channel_id":"2","embeds":[],"mentions":[],"flags":0}'
)
BY_FORMAT: dict[Format, tuple[list[bytes], list[bytes]]] = {
    Format.SLACK: (
        [b"no_service", b"invalid_payload\n", b'{"ok":false,"error":"channel_not_found"}'],
        [b"ok", b"1", b"no_service is well", b'{"ok":true,"error":"","warning":"superfluous_charset"}'],
    ),
    Format.GOOGLE_CHAT: (
        [b'{"error":{"code":403,"message":"No access","status":"PERMISSION_DENIED"}}'],
        [b'{"name":"spaces/A/messages/B","text":"error: invalid","thread":{"name":"x"},"space":{}}'],
    ),
    Format.TEAMS: (
        [
            b"Webhook message delivery failed with error: HTTP error 429",
            b"\xef\xbb\xbfWebhook message delivery failed",
            b'{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"off"}}',
        ],
        [b"", b"1"],
    ),
    Format.DISCORD: (
        [
            b'{"message":"Unknown Webhook","code":10015}',
            b'{"code":50035,"errors":{"content":{"_errors":[{}]}}}',
        ],
        [b"", DISCORDS],
    ),
    Format.TELEGRAM: (
        [b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}', b'{"ok":false}'],
        [
            b'{"ok":true,"result":{"message_id":1,"text":"error"}}',
            b'{"ok":true,"error":"x","status":"failed"}',
        ],
    ),
    Format.FEISHU: (
        [
            b'{"code":19001}',
            b'{"code":9499,"msg":"","data":{}}',
            b'{"StatusCode":9499}',
            b'{"code":1,"msg":"ok"}',
        ],
        [b'{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}', b'{"code":0}'],
    ),
    Format.DINGTALK: (
        [
            '{"errcode":310000,"errmsg":"\u5173\u952e\u8bcd"}'.encode("gbk"),
            b'{"errcode":310000,"errmsg":"keyw',
            b'{"errcode":310000,"message":"ok"}',
        ],
        [b'{"errcode":0,"errmsg":"ok"}', b'{"errcode":0,"error":"x"}'],
    ),
    Format.WECOM: (
        [b'{"errcode":93000,"errmsg":"invalid webhook url"}', b'{"errcode":45009.0}', b'{"errcode":-1}'],
        [b'{"errcode":0,"errmsg":"ok"}', b'{"errcode":0,"errmsg":"\xff"}'],
    ),
    Format.TEXT: (
        [b'{"code":40301,"http":403,"error":"forbidden"}'],
        [b'{"id":"a","time":1,"event":"message","topic":"t","message":"FIRING: error, failed"}'],
    ),
    Format.JSON: (
        [
            b'{"ok":"false"}',
            b'{"OK":0}',
            b'{"success":0}',
            b'{"success":"no"}',
            b'{"Success":false}',
            b'{"status":400}',
            b'{"status":"503 Service Unavailable"}',
            b'{"statusCode":500,"body":"{}"}',
            b'{"status":false}',
            b'{"status":"Rejected"}',
            b'{"status":0,"errors":["application token is invalid"]}',
            b'{"result":"error","msg":"Invalid API key"}',
            b'{"code":404,"message":"no such hook"}',
            b'{"errorMessage":"boom","errorType":"Error"}',
            b'{"error_code":5}',
            b'{"error_code":' + b"5" * 399 + b"}",
            b'{"error":true}',
            b'{"error":{"code":400}}',
            b'{"data":null,"errors":[{"message":"nobody"}]}',
            b'{"jsonrpc":"2.0","error":{"code":-32600},"id":null}',
            b'\xef\xbb\xbf{"ok":false,"error":"no"}',
            b'{"ok":false,"description":"\xff"}',
            b'{"ok":false,"description":"chat not',
            b'{"ok":false,"descr',
            b'{"ok":false,"parameters":{"a":[1,{"b":"\\',
            b'Warning: x in {y} {"ok":false,"parameters":{"retry_after":3},"desc',
        ],
        [
            b'{"status":"ok","code":1000,"message":"accepted"}',
            b'{"code":1,"message":"queued"}',
            b'{"code":1000,"message":"2 taken, 0 failed, no error"}',
            b'{"code":19001}',
            b'{"code":404,"message":"accepted"}',
            b'{"status":"queued","error_code":null,"error_message":null}',
            b'{"status":200,"message":"ok","error":"x"}',
            b'{"status":"success","message":"Event processed","dedup_key":"x"}',
            b'{"status":0}',
            b'{"status":"1"}',
            b'{"status":302}',
            b'{"result":"created","_shards":{"total":2,"failed":0}}',
            b'{"success":true,"errors":["partly"]}',
            b'{"error":"none"}',
            b'{"error":"0"}',
            b'{"error":"null"}',
            b'{"error":false,"errors":0}',
            b'{"error":{"code":0,"message":""},"errors":[{}]}',
            b'{"ok":null}',
            b'{"errcode":NaN}',
            b'{"ok":fal',
            b'{"message":"Workflow was started"}',
            b'{"text":"error","alerts":[{"status":"error","errors":["x"]}]}',
        ],
    ),
}


def test_each_format_has_its_row() -> None:
    assert BY_FORMAT.keys() == set(Format)


@pytest.mark.parametrize(("form", "body"), [(form, no) for form in Format for no in BY_FORMAT[form][0]])
def test_the_documented_refusal_of_each_service_is_found(form: Format, body: bytes) -> None:
    assert find_refusal(body, form)


@pytest.mark.parametrize(("form", "body"), [(form, yes) for form in Format for yes in BY_FORMAT[form][1]])
def test_the_documented_acceptance_of_each_service_is_no_refusal(form: Format, body: bytes) -> None:
    assert find_refusal(body, form) == ""


@pytest.mark.parametrize(
    ("body", "form"),
    [(b'{"code":19001}', Format.FEISHU), (b"no_service", Format.SLACK)],
    ids=["code", "word"],
)
def test_the_field_of_one_service_is_no_refusal_for_the_others(body: bytes, form: Format) -> None:
    refusing = {each for each in Format if find_refusal(body, each)}

    assert refusing == {form}


def test_a_refusal_that_is_cut_off_is_quoted_as_far_as_it_goes() -> None:
    assert (
        find_refusal(b'{"ok":false,"description":"Bad Request: chat not') == "ok false: Bad Request: chat not"
    )


@pytest.mark.parametrize(
    ("body", "is_one"),
    [
        (b"<!DOCTYPE html><title>Sign in</title>", True),
        (b"<!doctype HTML>", True),
        (b"<html>", True),
        (b"<html lang=de>", True),
        (b"\xef\xbb\xbf \r\n<!-- proxy --><html>", True),
        (b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">', True),
        (b"<head><title>Sign in</title>", True),
        (b"<script>location='/login'</script>", True),
        (b"<SCRIPT src=/login.js>", True),
        (b"<meta http-equiv=refresh content='0;url=/login'>", True),
        (b"<!-- " + b"x" * 5000 + b" -->\n<!-- y --><html>", True),
        (b"<!-- not ended <html>", True),
        (b"", False),
        (b"<!-- fine --><Response/>", False),
        (b"<headline>fine</headline>", False),
        (b"<ok/>", False),
        (b"ok", False),
        (b"Congratulations! You've fired the event <html>", False),
        (b'{"text": "<html>"}', False),
        (b'<?xml version="1.0"?><Response/>', False),
        (b"<htmlx>", False),
    ],
)
def test_a_web_page_is_recognized_by_its_beginning(body: bytes, is_one: bool) -> None:  # noqa: FBT001
    assert is_web_page(body) is is_one


SIGNS = [
    *("ok", "success", "errcode", "status", "statusCode", "StatusCode", "result", "message", "msg", "code"),
    *("error", "errors", "errorMessage", "error_code", "errmsg"),
]
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["no", "ok", "0"])
)


def documents(keys: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """Return a strategy for replies with these keys."""
    values = st.recursive(LEAVES, lambda each: st.lists(each) | st.dictionaries(keys, each))
    return st.dictionaries(keys, values).map(lambda document: json.dumps(document).encode())


@given(
    st.binary(max_size=200) | documents(st.sampled_from(SIGNS)), st.integers(0, 400), st.sampled_from(Format)
)
def test_no_body_raises_an_error(body: bytes, cut: int, form: Format) -> None:
    for each in (body, body[:cut]):
        is_web_page(each)

        assert "\n" not in find_refusal(each, form)


@given(
    st.integers().filter(lambda number: number != 0 and number // 100 != 2), st.sampled_from(["%d", '"%d"'])
)
def test_every_code_but_zero_and_2xx_is_a_refusal(number: int, spelling: str) -> None:
    body = f'{{"errcode":{spelling % number}}}'.encode()

    assert find_refusal(body, Format.WECOM) == f"errcode {number}"


@given(documents(st.sampled_from(["id", "name", "text", "data", "alerts", "time"])), st.sampled_from(Format))
def test_a_body_without_any_known_field_is_no_refusal(body: bytes, form: Format) -> None:
    assert find_refusal(body, form) == ""


@given(st.text(), st.integers(0, 400), st.sampled_from(Format))
def test_a_refusal_is_found_wherever_the_body_is_cut_off_behind_it(
    words: str, more: int, form: Format
) -> None:
    sign = {Format.FEISHU: "code", Format.DINGTALK: "errcode", Format.WECOM: "errcode"}.get(
        form, "error_code"
    )
    body = json.dumps({sign: 19001, "description": words}, ensure_ascii=False).encode(errors="replace")
    begin = body.index(b",") + 1

    assert find_refusal(body[: begin + more], form).startswith(f"{sign} 19001")
