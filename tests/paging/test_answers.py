"""A 2xx of a chat that says no is no acceptance, and what any other webhook says is left to it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waexporter.paging.answers import blot_out, find_refusal, is_web_page

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
def test_a_chat_that_says_no_is_quoted(body: bytes, words: str) -> None:
    assert find_refusal(body).startswith(words)


@pytest.mark.parametrize("body", ACCEPTANCES, ids=repr)
def test_what_does_not_say_no_is_none(body: bytes) -> None:
    assert find_refusal(body) == ""


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://chat.example/hooks/T0K3N-1", "no hook <secret> at chat.example"),
        ("https://chat.example/?key=T0K3N-1", "no hook <secret> at chat.example"),
        ("https://chat.example/bot1:T0K3N-1/send", "no hook <secret> at chat.example"),
        ("https://me:T0K3N-1@chat.example/", "no hook <secret> at chat.example"),
        ("https://T0K3N-1@chat.example/", "no hook <secret> at chat.example"),
        ("https://chat.example/T0K3N%2D1", "no hook <secret> at chat.example"),
        ("https://chat.example/no", "no hook T0K3N-1 at chat.example"),
    ],
)
def test_what_an_answer_repeats_of_its_address_is_blotted_out(address: str, words: str) -> None:
    assert blot_out("no hook T0K3N-1 at chat.example", address) == words


@pytest.mark.parametrize(
    ("body", "is_one"),
    [
        (b"<!DOCTYPE html><title>Sign in</title>", True),
        (b"<!doctype HTML>", True),
        (b"<html>", True),
        (b"<html lang=de>", True),
        (b"\xef\xbb\xbf \r\n<!-- proxy --><html>", True),
        (b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">', True),
        (b"", False),
        (b"ok", False),
        (b"Congratulations! You've fired the event <html>", False),
        (b'{"text": "<html>"}', False),
        (b'<?xml version="1.0"?><Response/>', False),
        (b"<htmlx>", False),
    ],
)
def test_a_page_for_people_is_known_by_its_beginning(body: bytes, is_one: bool) -> None:  # noqa: FBT001
    assert is_web_page(body) is is_one


KEYS = st.sampled_from(["ok", "code", "errcode", "error", "errors", "status", "msg", "errmsg"])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(KEYS, each),
).map(lambda said: json.dumps(said).encode())


@given(st.binary(max_size=200) | DOCUMENTS)
def test_no_answer_is_too_odd_to_be_looked_at(body: bytes) -> None:
    is_web_page(body)

    assert "\n" not in find_refusal(body)
