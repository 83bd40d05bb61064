import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.subjects import base_subject, reply_subject

MARKED = st.lists(
    st.sampled_from(
        ["Re: ", "AW:", "[list] ", "Fwd: ", "RE[2]:", "x", "[", " (fwd)", "\uff1a", " "]
    )
).map("".join)


@pytest.mark.parametrize(
    ("subject", "base"),
    [
        pytest.param("Lunch", "Lunch", id="plain"),
        pytest.param("Re: Lunch", "Lunch", id="English"),
        pytest.param("RE: re:FW: Fwd: Lunch", "Lunch", id="several"),
        pytest.param("AW: WG: Lunch", "Lunch", id="German"),
        pytest.param("SV: VS: VB: VL: Lunch", "Lunch", id="Nordic"),
        pytest.param("Antw: Doorst: Lunch", "Lunch", id="Dutch"),
        pytest.param("RÉF : TR : Lunch", "Lunch", id="French, blank before the colon"),
        pytest.param("RV: RES: ENC: Lunch", "Lunch", id="Spanish, Portuguese"),
        pytest.param("R: I: Rif: Lunch", "Lunch", id="Italian"),
        pytest.param("Odp: PD: Lunch", "Lunch", id="Polish"),
        pytest.param("YNT: İLT: Lunch", "Lunch", id="Turkish"),
        pytest.param("ΑΠ: ΠΡΘ: Lunch", "Lunch", id="Greek"),
        pytest.param("Ответ: Пересл: Lunch", "Lunch", id="Russian"),
        pytest.param("回复: 转发\uff1a答复\uff1aLunch", "Lunch", id="Chinese, full-width colon"),
        pytest.param("返信: 転送: Lunch", "Lunch", id="Japanese"),
        pytest.param("Re[2]: Re(3): Re^4: Lunch", "Lunch", id="counters"),
        pytest.param("[list] Re: [other] Lunch", "Lunch", id="tags"),
        pytest.param("Lunch (fwd) (FWD)", "Lunch", id="trailing mark"),
        pytest.param("Re: Lunch\u00a0 at\r\n\tnoon", "Lunch at noon", id="white space"),
        pytest.param("Caffe\u0300", "Caff\u00e8", id="composed"),
        pytest.param("[list]", "[list]", id="only a tag"),
        pytest.param("Re: [a] [b]", "[b]", id="only tags"),
        pytest.param("Re:", "", id="only a mark"),
        pytest.param("[list] Re:", "[list]", id="a tag and a mark"),
        pytest.param("", "", id="empty"),
        pytest.param("Regarding: Lunch", "Regarding: Lunch", id="a word with a colon"),
        pytest.param("Re Lunch", "Re Lunch", id="no colon"),
        pytest.param("Lunch Re: Dinner", "Lunch Re: Dinner", id="mark inside"),
        pytest.param("[draft Lunch", "[draft Lunch", id="unclosed tag"),
    ],
)
def test_base_subject(subject: str, base: str) -> None:
    assert base_subject(subject) == base


@pytest.mark.parametrize(
    ("subject", "reply"),
    [
        ("Lunch", "Re: Lunch"),
        ("Re: Lunch", "Re: Lunch"),
        ("AW: SV: RE[2]: Lunch", "Re: Lunch"),
        ("[list] Lunch", "Re: [list] Lunch"),
        ("Re: [list] Re: Lunch", "Re: [list] Lunch"),
        ("Fwd: Lunch", "Re: Fwd: Lunch"),
        ("回复\uff1aLunch", "Re: Lunch"),
        ("LUNCH at  NOON (fwd)", "Re: LUNCH at NOON (fwd)"),
        ("", "Re:"),
    ],
)
def test_reply_subject(subject: str, reply: str) -> None:
    assert reply_subject(subject) == reply


@pytest.mark.parametrize("piece", ["Re: ", "[", "[a]", " ", "(fwd)", "\u0300\u0327", "回", "Re[1"])
def test_subjects_take_no_time(piece: str) -> None:
    start = time.process_time()
    base_subject(piece * (1_000_000 // len(piece)))
    reply_subject(piece * (1_000_000 // len(piece)))
    assert time.process_time() - start < 0.5


@given(st.one_of(st.text(max_size=100), MARKED))
def test_answers_to_answers_keep_the_subject(subject: str) -> None:
    reply = reply_subject(subject)
    assert reply_subject(reply) == reply
    assert base_subject(reply) == base_subject(reply_subject(unicodedata.normalize("NFC", subject)))
