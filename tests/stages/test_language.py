"""language: which texts go, which stay, in many scripts, mixed and broken."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.curate.batch import Batch
from assay.errors import UsageError
from assay.kernels import language as kernel
from assay.kernels import little_words, scripts, source_code
from assay.kernels.language import language_of, py3langid
from assay.kernels.language_tables import packed, unpacked
from assay.stages.language import Language
from assay.testing.stages import RowStageSuite

ENGLISH = "You can reset the password of your account in the settings, and we will send you a new one."
FRENCH = "Vous pouvez changer le mot de passe de votre compte dans les réglages, et nous vous en enverrons un autre."
CHINESE = "请打开设置，选择忘记密码，然后按照屏幕上的提示操作。"

TEXTS = [
    (ENGLISH, "en"),
    (FRENCH, "fr"),
    (CHINESE, "zh"),
    ("請打開設定，選擇忘記密碼，然後按照螢幕上的提示操作。", "zh"),
    ("設定を開いて、パスワードをお忘れの方を選んでください。", "ja"),
    ("コンピューター", "ja"),
    ("東京の空", "ja"),
    ("설정을 열고 비밀번호 찾기를 누르세요.", "ko"),
    ("เปิดการตั้งค่าแล้วเลือกลืมรหัสผ่าน", "th"),
    ("Ανοίξτε τις ρυθμίσεις και επιλέξτε νέο κωδικό.", "el"),
    ("פתחו את ההגדרות ובחרו סיסמה חדשה.", "he"),
    ("सेटिंग्स खोलें और नया पासवर्ड चुनें।", "hi"),
    ("Откройте настройки, и мы вышлем вам новый пароль, если вы его забыли.", "ru"),
    ("Відкрийте налаштування, і ми надішлемо вам новий пароль, якщо ви його забули.", "uk"),
    ("افتح الإعدادات من القائمة التي في الأعلى ثم اختر كلمة المرور هذه.", "ar"),
    ("تنظیمات را باز کنید و گذرواژه‌ای که می‌خواهید برای آن انتخاب کنید.", "fa"),
    ("Sie können das Passwort in den Einstellungen ändern, und wir schicken Ihnen ein neues.", "de"),
    ("Puede cambiar la contraseña de su cuenta en los ajustes, y le enviaremos una nueva.", "es"),
    ("Bạn có thể đổi mật khẩu của mình trong phần cài đặt.", "vi"),
    # Mixed: the words of one language, the names of another.
    ("我的 iPhone 15 Pro Max 打不开 App Store 怎么办", "zh"),
    ("用户反馈：VPN 连接报错 timeout，重启 router 之后仍然无法访问 GitLab。", "zh"),
    ("The word 你好 is what you say to greet people in Chinese.", "en"),
    ("鲜の味超市开业了，欢迎光临", "zh"),
    (
        "她最喜欢的歌手是日本人，专辑名叫《あい》，在中国也很受欢迎，昨天我们一起听了整整一个晚上，大家都觉得非常好听。",
        "zh",
    ),
    # Width and composition.
    ("Ｙｏｕ ｃａｎ ｒｅｓｅｔ ｔｈｅ ｐａｓｓｗｏｒｄ ｏｆ ｙｏｕｒ ａｃｃｏｕｎｔ", "en"),
    ("Le cafe\u0301 e\u0301tait tre\u0300s bon et nous avons e\u0301te\u0301 bien servis.", "fr"),
    ("ﾊﾟｽﾜｰﾄﾞ", "ja"),
    # Addresses are no words.
    ("https://www.example.com/de/die/und/das/ist?von=der&mit=dem", "und"),
    # Nothing to tell.
    ("", "und"),
    (" \n\t", "und"),
    ("😀🎉👍🏽", "und"),
    ("12345 678.90", "und"),
    ("Yes", "und"),
    ("好", "und"),
    ("\ud800\udfff\x00", "und"),
    ("…！？。，", "und"),
    # Code, whatever language its comments are in.
    ("```python\n# 打印结果\nprint(x)\n```", "code"),
    ("def total(rows):\n    # 计算所有行的总和，并返回结果给调用者\n    return sum(rows)\n", "code"),
    ("for (int i = 0; i < n; i++) {\n  // 每一行都要检查\n  check(i);\n}", "code"),
    ("SELECT name FROM users WHERE id = 3;", "code"),
    ('{"name": "a", "values": [1, 2, 3]}', "code"),
    ("<ul>\n  <li>one</li>\n</ul>", "code"),
    # Prose about code is prose.
    ("请看下面的代码：\n```python\nprint('hello and welcome to the show')\n```\n它会打印一句话。", "zh"),
    ("This is how you do it, and it will work for all of them:\n```\n结果 = 计算()\n```", "en"),
    ("Solve for x in the equation that is given here: 3x + 5 = 20, and show your work.", "en"),
]


class TestLanguage(RowStageSuite):
    def stage(self):
        return Language(allow=("en", "zh"), unknown="reject", unsure="reject", code="reject")

    def payloads(self):
        return [{"text": text} for text, _ in TEXTS] + [
            {"messages": [{"role": "user", "content": CHINESE}, {"role": "assistant", "content": ENGLISH}]},
            {"messages": [{"role": "user", "content": None}]},
            {"prompt": FRENCH, "chosen": FRENCH, "rejected": ENGLISH},
            {"prompt": CHINESE, "completion": ""},
            {"text": "x" * 100_000},
        ]


class TestWithDetector(TestLanguage):
    def stage(self):
        pytest.importorskip("py3langid")
        return Language(allow=("en", "zh"), detector="py3langid")


@pytest.mark.parametrize(("text", "language"), TEXTS)
def test_the_language_of_a_text(text, language):
    assert language_of(text)[0] == language


@pytest.mark.parametrize(("text", "language"), TEXTS)
def test_the_detector_agrees_where_words_are_enough(text, language):
    pytest.importorskip("py3langid")
    assert language_of(text, py3langid())[0] in {language, "und"}


def test_the_detector_answers_where_words_do_not():
    pytest.importorskip("py3langid")
    text = "Koululaiset lauloivat iloisesti metsäpolulla"
    words = language_of(text)
    both = language_of(text, py3langid())
    assert words[1] < kernel.SURE
    assert both[0] == "fi" and both[1] > words[1]


def test_the_detector_is_asked_only_where_words_are_not_sure():
    asked = []

    def detector(text):
        asked.append(text)
        return "la", 0.9

    for text in (ENGLISH, CHINESE, "", "123", "```\nx\n```"):
        assert language_of(text, detector) == language_of(text)
    assert asked == []
    assert language_of("Tyrannosaurus " * 100, detector) == ("la", 0.9)
    assert asked and len(asked[0]) <= kernel.DETECTOR_LIMIT


def failing(stage, *texts):
    found = {}
    for check in stage.checks(stage.measure(Batch([{"text": text} for text in texts]))):
        for row in np.flatnonzero(check.failed):
            assert int(row) not in found
            found[int(row)] = check.code
    return [found.get(row) for row in range(len(texts))]


def test_what_is_refused():
    stage = Language(allow=("en", "zh"))
    assert failing(stage, ENGLISH, CHINESE, FRENCH, "😀", "x = f(1);") == [
        None,
        None,
        "wrong_language",
        None,
        None,
    ]


def test_what_is_refused_on_request():
    stage = Language(allow=("en", "zh"), unknown="reject", unsure="reject", code="reject")
    doubtful = "Reset the password"
    assert language_of(doubtful)[1] < stage.min_confidence
    assert failing(stage, ENGLISH, "😀", "x = f(1);", doubtful) == [
        None,
        "unknown_language",
        "source_code",
        "low_confidence",
    ]


def test_a_doubtful_foreign_text_is_not_called_foreign():
    stage = Language(allow=("zh",))
    doubtful = "Reset the password"
    assert failing(stage, doubtful) == [None]
    assert failing(stage.model_copy(update={"min_confidence": 0.3}), doubtful) == ["wrong_language"]


def test_no_list_allows_every_language():
    assert failing(Language(), ENGLISH, FRENCH, CHINESE) == [None, None, None]


def test_the_evidence_names_the_language():
    stage = Language(allow=("zh",))
    check = stage.checks(stage.measure(Batch([{"text": CHINESE}, {"text": FRENCH}])))[0]
    assert dict(check.notes) == {1: "fr"}
    assert check.value[1] >= stage.min_confidence == check.threshold


@pytest.mark.parametrize(("on", "language"), [("input", "zh"), ("output", "en")])
def test_which_side_is_looked_at(on, language):
    chat = {"messages": [{"role": "user", "content": CHINESE}, {"role": "assistant", "content": ENGLISH}]}
    values = Language(on=on).measure(Batch([chat]))
    assert unpacked(int(values["language"][0])) == language


def test_thresholds_need_no_new_measurement():
    assert set(Language.measured_by) == {"on", "detector"}
    values = Language().measure(Batch([{"text": FRENCH}]))
    assert Language(allow=("fr",)).measure(Batch([{"text": FRENCH}]))["language"] == values["language"]
    assert [c.failed.tolist() for c in Language(allow=("fr",)).checks(values)] == [[False]] * 4
    assert Language(allow=("en",)).checks(values)[0].failed.tolist() == [True]


@pytest.mark.parametrize("name", ["English", "e", "EN", "中文", "und", "zh-CN", ""])
def test_what_is_no_language_is_refused(name):
    with pytest.raises(ValidationError, match=r"ISO 639|unknown"):
        Language(allow=(name,))


def test_a_missing_detector_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    py3langid.cache_clear()
    with pytest.raises(UsageError, match="py3langid") as caught:
        Language(detector="py3langid").measure(Batch([{"text": FRENCH}]))
    assert "assay-data[language]" in (caught.value.hint or "")


@given(st.text(st.characters(), max_size=300))
def test_any_text_has_an_answer(text):
    language, confidence = language_of(text)
    assert unpacked(packed(language)) == language
    assert 0.0 <= confidence <= 1.0
    assert (language == "und") <= (confidence == 0.0)


@given(st.text(st.characters(exclude_characters="`~"), max_size=20))
def test_what_follows_the_window_changes_nothing(tail):
    head = (ENGLISH + " ") * 40
    assert len(head) > source_code.WINDOW
    assert language_of(head + tail) == language_of(head)


@given(st.text(max_size=40))
def test_shares_are_shares(text):
    script = scripts.script_of(text)
    assert script.name in scripts.SCRIPTS
    assert 0.0 <= script.share <= 1.0 and (script.letters > 0) == bool(script.name)


def test_every_script_is_known_to_somebody():
    for name in scripts.SCRIPTS[1:]:
        assert (scripts.language_of_script(name) is None) == (name in little_words.SCRIPTS)
