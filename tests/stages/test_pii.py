"""pii: what is found and what is not, in English and Chinese; what redaction leaves behind."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.curate.batch import Batch
from assay.kernels.pii_checksums import bank_card_valid, cn_id_card_valid, iban_valid, luhn
from assay.kernels.pii_patterns import _RULES, TYPES, find, placeholder
from assay.stages.pii import Pii
from assay.testing.stages import RowStageSuite


def chat(*turns):
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


CALL = {
    "messages": [
        {"role": "user", "content": "Book it for me."},
        {
            "role": "assistant",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "book", "arguments": '{"phone": "528 6147", "note": "\\u7535"}'},
                }
            ],
        },
    ]
}

PAYLOADS = [
    chat(("user", "How do I reboot?"), ("assistant", "Hold the button for ten seconds.")),
    chat(("user", "密码忘了怎么办"), ("assistant", "请打开设置，然后输入手机号13812345678。")),
    chat(("user", ""), ("assistant", "")),
    {"messages": []},
    {"messages": [{"role": "user", "content": None}, {"role": "assistant", "content": [{"type": "text"}]}]},
    {"prompt": "p", "chosen": "ask jo@b.org", "rejected": "same"},
    {"prompt": [{"role": "user", "content": "p"}], "completion": [{"role": "assistant", "content": "c"}]},
    {"text": "good", "label": "jo@b.org"},
    {"text": "\ud800 8.8.8.8 \udfff"},
    CALL,
]


class TestPii(RowStageSuite):
    def stage(self):
        return Pii(types=("email", "cn_mobile"))

    def payloads(self):
        return PAYLOADS


class TestPiiThatRedacts(TestPii):
    def stage(self):
        return Pii(action="redact")


def spelled(text):
    return [(hit.type, text[hit.start : hit.end]) for hit in find(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("身份证110101199003070134这样", [("cn_id_card", "110101199003070134")]),
        ("他的证件号是31011520040229668４，请核对", [("cn_id_card", "31011520040229668４")]),
        ("110101199003070135", []),
        ("身份证号码：110101900307013", [("cn_id_card", "110101900307013")]),
        ("订单110101900307013", []),
        ("身份证号码：110101901307013", []),
        ("手机１３８００１３８０００", [("cn_mobile", "１３８００１３８０００")]),
        ("𠮷野家的电话是😀13812345678😀", [("cn_mobile", "13812345678")]),
        (
            "打138 1234 5678或+86-13912345678",
            [("cn_mobile", "138 1234 5678"), ("cn_mobile", "+86-13912345678")],
        ),
        ("拨0086 13812345678找我", [("cn_mobile", "0086 13812345678")]),
        ("营收13000000000元", []),
        ("编号12012345678", []),
        ("座机010-62345678转分机", [("cn_landline", "010-62345678")]),
        ("（0755）8234 5678", [("cn_landline", "（0755）8234 5678")]),
        ("传真:02162345678。", [("cn_landline", "02162345678")]),
        ("编号02162345678。", []),
        ("打0571-87654321-8012找他", [("cn_landline", "0571-87654321-8012")]),
        ("客服热线400-812-3456", []),
        ("卡号6212260200012345670扣款", [("bank_card", "6212260200012345670")]),
        ("卡号6212 2602 0001 2345 670扣款", [("bank_card", "6212 2602 0001 2345 670")]),
        ("卡号6212260200012345671扣款", []),
        ("护照号E12345678过期", [("passport", "E12345678")]),
        ("護照：EA1234567", [("passport", "EA1234567")]),
        ("型号E12345678", []),
        ("加我微信：zhang_san88", [("cn_account", "zhang_san88")]),
        ("微信号是wodeming，备注来意", [("cn_account", "wodeming")]),
        ("我的微信 android 版打不开", []),
        ("微信：android", []),
        ("QQ123456789", [("cn_account", "123456789")]),
        ("ｑｑ号：１２３４５６", [("cn_account", "１２３４５６")]),
        ("QQ 10000人在线", []),
        ("支付宝账号：2088123412341234", [("cn_account", "2088123412341234")]),
        ("My WeChat ID is liwei_1990.", [("cn_account", "liwei_1990")]),
        ("My WeChat ID is liwei_x.", [("cn_account", "liwei_x")]),
        ("WeChat: messaging for everybody", []),
        ("车牌京A12345停在门口", [("cn_plate", "京A12345")]),
        ("沪A·D12345，粤B·1234学", [("cn_plate", "沪A·D12345"), ("cn_plate", "粤B·1234学")]),
        ("京ABCDEF", []),
        ("是京剧A12345号", []),
        ("统一社会信用代码91350100M000100Y43", []),
        ("邮箱ｌｉ＠ｑｑ．ｃｏｍ", [("email", "ｌｉ＠ｑｑ．ｃｏｍ")]),
    ],
)
def test_chinese(text, found):
    assert spelled(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("IBAN DE89370400440532013000 please", [("iban", "DE89370400440532013000")]),
        ("pay to DE89 3704 0044 0532 0130 00 this week", [("iban", "DE89 3704 0044 0532 0130 00")]),
        ("账号gb82west12345698765432转账", [("iban", "gb82west12345698765432")]),
        ("NO93 8601 1117 947 from Oslo", [("iban", "NO93 8601 1117 947")]),
        ("DE88370400440532013000, XX89370400440532013000", []),
        ("card 3782 822463 10005", [("bank_card", "3782 822463 10005")]),
        ("card 6304273733907", [("bank_card", "6304273733907")]),
        ("ISBN 9783161484100, EAN 4006381333931", []),
        ("eth0 3c:52:82:1a:9f:04 up", [("mac", "3c:52:82:1a:9f:04")]),
        ("00:00:5e:00:53:af, 01:00:5e:12:34:56, ff:ff:ff:ff:ff:ff, 10:20:30:40:50:60:70", []),
        ("SSN: 536228921", [("us_ssn", "536228921")]),
        ("part 536228921", []),
        ("see section 4.1.3.7 and 2.6.1.4, x = 7 - 9 = -15862479310", []),
        ("ping 4.1.3.7", [("ip", "4.1.3.7")]),
        ("call +41 (0)44 668 18 00 today", [("phone", "+41 (0)44 668 18 00")]),
        ("tel. 01.73.28.94.56", [("phone", "01.73.28.94.56")]),
        ("ring 0472 61 58 93", [("phone", "0472 61 58 93")]),
        ("(07) 6923 5814", [("phone", "(07) 6923 5814")]),
        ("(437)692-8150x042", [("phone", "(437)692-8150x042")]),
        ("001-372-915-6048", [("phone", "001-372-915-6048")]),
        ("Phone: 528 6147", [("phone", "528 6147")]),
        ("you can reach me at 68 472 915", [("phone", "68 472 915")]),
        ("telefon: 045/6172839", [("phone", "045/6172839")]),
        ("тел. 0331 - 482 95", [("phone", "0331 - 482 95")]),
        ("a telephone of 300/1200 baud", []),
        ("call me on 12-05-2019 or phone in 2011/2012", []),
        ("582 70 146 office", [("phone", "582 70 146")]),
        ("lot 528 6147, hotel 68 472 915, excellent 8361 2947", []),
        ("Call 1-800-273-8255 or 888-555-0142, phone: 8005551234", []),
        ("Phone: 555-1234, phone: 123-456-7890", []),
        ("phone sold on 2021-03-04, in the years phone 2019-2020", []),
        ("00100000 01100010 01101001 01101110", []),
        ("rows 0123 4567 8901 2345 6789", []),
        ("1 +1234567 = 1234568", []),
        ("passport no. C01234567 expired", [("passport", "C01234567")]),
        ("driver's license number is K274193650827", [("driver_license", "K274193650827")]),
        ("licence number K274193650827", []),
        ("[EMAIL] [PHONE]: 5286147 [BANK_CARD]", []),
        ("plain words, 3 of them", []),
    ],
)
def test_everywhere(text, found):
    assert spelled(text) == found


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("write to jo.doe+x@mail.example.co.uk!", ["email"]),
        ("邮箱是zhang@qq.com，谢谢", ["email"]),
        ("a@b, @user, x@localhost", []),
        ("我的电话是13812345678请回电", ["cn_mobile"]),
        ("电话：+86 138-1234-5678。", ["cn_mobile"]),
        ("手机１３８１２３４５６７８", ["cn_mobile"]),
        ("订单号213812345678", []),
        ("身份证号11010519491231002X有误", ["cn_id_card"]),
        ("编号110105194912310021", []),
        ("卡号4111111111111111扣款", ["bank_card"]),
        ("card 4111 1111 1111 1111", ["bank_card"]),
        ("card 4111 1111 1111 1112", []),
        ("my number is (212) 555-0142", ["phone"]),
        ("call 212-555-0142 or +44 20 7946 0958", ["phone", "phone"]),
        ("dates 2024-01-02 and 555-1234", []),
        ("SSN 123-45-6789.", ["us_ssn"]),
        ("part 000-12-3456, 900-12-3456", []),
        ("from 8.8.8.8 to me", ["ip"]),
        ("router 192.168.1.1, version 8.8.8.8, v1.2.3.4.5", []),
        ("2001:4860:4860::8888 at 12:30:45", ["ip"]),
        ("pi is 3.14159265358979323", []),
    ],
)
def test_by_type(text, types):
    assert [hit.type for hit in find(text)] == types


@given(st.lists(st.integers(0, 9), min_size=12, max_size=18))
def test_luhn_holds_for_exactly_one_check_digit(digits):
    assert sum(luhn([*digits, check]) for check in range(10)) == 1


@given(
    st.integers(1950, 2020),
    st.integers(1, 12),
    st.integers(1, 28),
    st.integers(0, 999),
    st.integers(110000, 659999),
)
def test_an_id_card_has_exactly_one_check_character(year, month, day, serial, area):
    stem = f"{area}{year}{month:02}{day:02}{serial:03}"
    valid = [c for c in "0123456789X" if cn_id_card_valid(stem + c)]
    assert len(valid) == 1
    assert "cn_id_card" in [h.type for h in find(f"证件{stem}{valid[0]}号")]


@given(st.text("0123456789", min_size=11, max_size=18), st.sampled_from(["4", "62", "51", "35"]))
def test_a_card_needs_its_check_digit(stem, issuer):
    assert sum(bank_card_valid(issuer + stem + str(check)) for check in range(10)) <= 1


@given(st.integers(0, 10**18 - 1))
def test_an_iban_has_one_pair_of_check_digits_or_two(account):
    # 97 remainders among 100 pairs: 00 and 97, 01 and 98, 02 and 99 are the same.
    assert 1 <= sum(iban_valid(f"DE{check:02}{account:018}") for check in range(100)) <= 2


SAMPLES = [
    "jo@b.org",
    "４１１１１１１１１１１１１１１１",
    "110101199003070134",
    "13812345678",
    "+44 20 7946 0958",
    "8.8.8.8",
    "DE89370400440532013000",
    "3c:52:82:1a:9f:04",
    "京A12345",
]


@given(
    st.text(max_size=30).filter(lambda t: not t or not (t[-1].isalnum() or t[-1] in ".,-_/:%+[&=#")),
    st.sampled_from(SAMPLES),
    st.text("，。 你好吗𠮷😀\ud800", max_size=30),
)
def test_places_are_right_in_any_script(before, sample, after):
    text = f"{before} {sample}{after}"
    assert sample in [text[hit.start : hit.end] for hit in find(text)]


HOSTILE = st.text("0123456789+-. @:()aZXQEq微信手机电话京[]MAIL\x00\ud800😀１＠：", max_size=120)


@given(st.one_of(st.text(max_size=200), HOSTILE))
def test_any_text_is_searched_and_hits_lie_within_and_apart(text):
    end = 0
    for hit in find(text):
        assert end <= hit.start < hit.end <= len(text)
        assert hit.type in TYPES
        end = hit.end


@pytest.mark.parametrize("rule", _RULES, ids=[f"{k}-{rule[0]}" for k, rule in enumerate(_RULES)])
def test_every_pattern_is_bounded(rule):
    # RE2 takes time linear in the text for one search; that no search looks ahead without end makes
    # finding all of them linear too.
    bare = re.sub(r"\\.|\[[^\]]*\]", "c", rule[1])
    assert "*" not in bare and "+" not in bare and ",}" not in bare


@pytest.mark.parametrize(
    "unit", ["a", "1", "1.", "a@", "a@b.co ", "1-", "微信", "微信号 ", "[EMAIL]", "phone ", "京A1"]
)
def test_long_texts_are_searched_to_their_end(unit):
    text = unit * (100_000 // len(unit)) + " ：jo@b.org"
    assert find(text)[-1].end == len(text)


def results(stage, payload):
    checks = stage.checks(stage.measure(Batch([payload])))
    return [check.code for check in checks if check.failed[0]]


@pytest.mark.parametrize("name", TYPES)
def test_every_type_has_its_code(name):
    assert f"pii_{name}" in Pii().codes and placeholder(name) == f"[{name.upper()}]"


def test_types_and_hits_are_counted_and_bounded():
    payload = {"text": "jo@b.org and al@b.org, 8.8.8.8"}
    assert results(Pii(), payload) == ["pii_email", "pii_ip"]
    assert results(Pii(max_hits=1), payload) == ["pii_email"]
    assert results(Pii(types=("ip",)), payload) == ["pii_ip"]
    assert results(Pii(action="flag"), payload) == ["pii_email", "pii_ip"]


def test_what_the_texts_lack_is_looked_at_too():
    assert results(Pii(), CALL) == ["pii_phone"]
    assert results(Pii(), {"text": "good", "label": "jo@b.org"}) == ["pii_email"]
    tools = [{"type": "function", "function": {"name": "f", "description": "mails jo@b.org"}}]
    assert results(Pii(), {**PAYLOADS[0], "tools": tools}) == ["pii_email"]


def test_only_redaction_rewrites():
    payload = {"text": "写信给jo@b.org"}
    assert Pii().rewrite(payload) is None and Pii(action="flag").rewrite(payload) is None
    stage = Pii(action="redact")
    assert stage.rewrite(payload) == {"text": "写信给[EMAIL]"}
    assert stage.rewrite({"text": "写信给[EMAIL]"}) is None
    assert payload == {"text": "写信给jo@b.org"}


def test_with_redaction_only_what_is_left_is_found():
    stage = Pii(action="redact")
    payload = {"text": "jo@b.org"}
    assert results(stage, payload) == results(stage, stage.rewrite(payload)) == []
    key = {"messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": {"jo@b.org": 1}}}]}]}
    assert stage.rewrite(key) is None
    assert results(stage, key) == ["pii_email"]


def test_redaction_of_some_types_leaves_the_others():
    stage = Pii(action="redact", types=("ip",))
    assert stage.rewrite({"text": "jo@b.org 8.8.8.8"}) == {"text": "jo@b.org [IP]"}
    assert results(stage, {"text": "jo@b.org 8.8.8.8"}) == []


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_every_kind_is_rewritten_within_its_kind(payload):
    stage = Pii(action="redact")
    new = stage.rewrite(payload)
    if new is None:
        assert results(Pii(), payload) == []
    else:
        assert list(new) == list(payload) and results(Pii(), new) == [] and stage.rewrite(new) is None


@given(st.lists(st.sampled_from([
    "微信", "威信号", "：", "abc_def12", "QQ", "12345", "支付宝", "京A", "1B2C3", "D12345", "passport ", "E12345678", "护照",
    "driver's license ", "A12345", "mira@mail.example.org", "192.168.7.1", "8.8.8.8", "00-1A-2B-3C-4D-5E", "::1", "fe80:",
    "2001:db8:", "GB29 NWBK 6016 1331 9268 19", "+49 30 901820", "010-", "62345678", "（", " ", "-", "1", "23", "４５６７８９", "\n",
]), max_size=12).map("".join))  # fmt: skip
def test_a_glance_passes_over_nothing(text):
    from assay.kernels.glance import AT, COLONS, CUE, NUMBER, PLATE, glance
    from assay.kernels.texts import Texts

    if find(text):
        assert glance(Texts.of([text]))[0] & (AT | NUMBER | COLONS | CUE | PLATE), text
