"""Phrases of refusal and of service desks, as data: RE2 patterns on text that `plain` made.

Everything is lower case with plain apostrophes and single spaces. A pattern may stand anywhere in a sentence
unless it is anchored.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

_CANNOT: Final = "(?:cannot|can not|can't|am unable to|am not able to|'m unable to|'m not able to)"
_DO: Final = (
    "(?:help|assist|provide|fulfil|fulfill|answer|comply|create|generate|complete|perform|discuss|"
    "engage|support|continue|offer|share|write|give|process|access|respond|participate|recommend|browse|play|open|"
    "send|view|disclose|reveal|recite|predict|draw)"
)
_DO_SORRY: Final = _DO[:-1] + "|do|tell|say|show|make|see)"
"""After an apology plainer verbs are refusals too: alone, "I can't do it" is somebody's line."""

_HAN_DO: Final = (
    "(?:直接|为您|为你|给您|给你|就此|对此)?(?:回答|提供|帮|协助|完成|满足|执行|生成|讨论|处理|访问|给出|透露|支持|继续|"
    "回应|分享|创建|创作|绘制|播放|发送|查看|预测|做|参与讨论|解答|答复)"
)

REFUSALS: Final[tuple[str, ...]] = (
    r"\bas an ai(?:[ ,]|$)",
    r"\bas an artificial intelligence\b",
    r"\bas a (?:large )?language model\b",
    r"\bi(?:'m| am) (?:just |only |merely )?an? (?:ai|artificial intelligence|(?:large )?language model)\b",
    rf"\b(?:sorry|apologi[sz]e|apologies|regret|unfortunately|afraid)\b[^.!?]{{0,40}}\bi {_CANNOT} {_DO_SORRY}\b",
    rf"\b(?:sorry|apologi[sz]e|apologies|afraid)\b[^.!?]{{0,30}}\bi'm (?:unable|not able) to {_DO_SORRY}\b",
    r"^(?:sorry|no output)\b[^.!?]{0,60}\bmodel (?:cannot|can't)\b",
    rf"^(?:unfortunately,? )?i (?:simply )?{_CANNOT} {_DO}\b",
    rf"^(?:unfortunately,? )?i'm (?:unable|not able) to {_DO}\b",
    rf"^i (?:will not|won't|must decline to|must refuse to|decline to|refuse to) {_DO}\b",
    r"^i (?:must|have to) (?:decline|refuse)\b",
    r"\bi(?:'m| am) not (?:comfortable|allowed|permitted|programmed|designed) "
    r"(?:to|with|answering|providing|helping)\b",
    r"\b(?:goes |is )?against my (?:programming|guidelines|ethical|policy|policies|values)\b",
    r"\bcannot be (?:fulfilled|completed|performed|generated|done|executed|answered|created|processed)"
    r" by (?:a|an|the|this) (?:gpt|language|ai|text)?[ -]?(?:\w+ )?model\b",
    r"\b(?:gpt|language|ai) models? (?:is|are) (?:unable|not able|not capable)\b",
    r"^(?:sorry, )?(?:this|the) (?:task|instruction|request|question) (?:cannot|can't|can not) be\b",
    r"^unable to (?:perform|complete|fulfil|fulfill|generate|answer|process)\b",
    "作为(?:一个|一名|一款)?(?:大型)?(?:人工智能|ai|语言模型|智能助手|机器人)",
    "我(?:只是|仅仅是|是)(?:一个|一款|一名)?(?:大型)?(?:人工智能|ai|语言模型)",
    "(?:抱歉|对不起|不好意思|遗憾)[^。！？!?]{0,12}(?:我|本人|小助手)?(?:无法|不能|没有办法|没办法|不便)"
    + _HAN_DO,
    "^我(?:无法|不能|没有办法|没办法|不便)" + _HAN_DO,
    "(?:抱歉|对不起)[^。！？!?]{0,20}模型(?:无法|不能)",
    "(?:无法|不能)(?:由|用|被)(?:gpt|语言|人工智能|ai)?模型",
    "(?:违反|不符合)(?:了)?(?:我的|相关|平台)?(?:使用)?(?:政策|规定|准则|原则)",
    "我(?:拒绝|不会)(?:回答|提供|协助|参与)",
)
"""What a model says when it will not or cannot."""

BOILERPLATE: Final[tuple[str, ...]] = (
    r"\b(?:i|we)(?:'ll| will| have|'ve)? "
    r"(?:escalated?|forward(?:ed)?|pass(?:ed)?|transfer(?:red)?|rout(?:e|ed)|refer(?:red)?)"
    r" (?:this|it|you|your|the)\b",
    r"^escalat(?:ed|ing)\b",
    r"\bhas been (?:escalated|forwarded|passed|transferred|routed)\b",
    r"\b(?:i|we)(?:'ll| will) (?:look into|get back|check (?:on )?(?:this|it|that)|follow up|"
    r"be in touch|keep you (?:posted|updated))\b",
    r"\b(?:i am|i'm|we are|we're) (?:looking into|working on|checking on) (?:it|this|that|the issue|your)\b",
    r"\b(?:someone|somebody|an agent|our team|a colleague|a representative|a specialist|support) will"
    r" (?:be in touch|contact|call|reach out|get back|reply|respond|assist|help)\b",
    r"\bplease (?:contact|call|reach out to|refer to) (?:our |your |the )?(?:customer |technical )?"
    r"(?:support|service|help ?desk|administrator|admin|it department|faq)\b",
    r"\byour (?:request|ticket|message|feedback|inquiry|enquiry|question|case) (?:has been|was|is) "
    r"(?:received|noted|recorded|logged|registered|being processed)\b",
    r"\b(?:a )?ticket has been (?:created|opened|raised)\b",
    r"\bplease (?:wait|hold|bear with (?:me|us)|stand by)\b",
    "(?:已|已经|我会|我将|我们会|我们将|将|会)(?:为|帮|给|替)?(?:您|你)?(?:的问题|的请求|此问题|这个问题)?"
    "(?:转接|转给|转交|转达|反馈|上报|升级|移交|提交给?)",
    "(?:稍后|尽快|工作日内|之后)(?:会|将)?(?:有|由|安排)?(?:专员|专人|工作人员|客服|同事|我们)?(?:会|将)?"
    "(?:与|和|给|为)?(?:您|你)?(?:联系|回复|答复|处理|跟进|回电)",
    "(?:请)?(?:联系|咨询|拨打)(?:我们的|人工|官方|在线)?(?:客服|管理员|服务热线|人工服务|客户服务)",
    "(?:您|你)的(?:问题|反馈|请求|工单|留言|意见)(?:我们)?(?:已|已经)(?:收到|记录|登记|受理|提交)",
    "请(?:您|你)?(?:稍等|稍候|耐心等待|稍后再试)",
    "(?:正在|我去|我来|帮您|帮你)(?:为您|为你|给您)?(?:核实|查询|处理|转接|确认)",
)
"""What a service desk says when it says nothing."""

COURTESY: Final[tuple[str, ...]] = (
    r"^(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|"
    r"ok|okay|sure|certainly|of course|understood|got it|noted|great)\b",
    r"\bthank(?:s| you)\b",
    r"\b(?:sorry|apologi[sz]e|apologies)\b",
    r"\bi understand\b",
    r"\b(?:have a (?:nice|great|good) day|best regards|kind regards|best wishes|sincerely)\b",
    r"\b(?:anything else|happy to help|glad to help)\b",
    "(?:您好|你好|亲|好的|收到|明白|了解)",
    "(?:感谢|谢谢|多谢)",
    "(?:抱歉|对不起|不好意思|理解您|理解你)",
    "(?:祝您|祝你|再见|还有其他|还有什么|不便)",
)
"""What is said around either, and teaches nothing by itself."""


def plain(text: str) -> str:
    """Lower case, plain apostrophes, single spaces: the form that the patterns are written for."""
    return " ".join(text.lower().replace("’", "'").split())


@lru_cache(maxsize=8)
def pattern_set(patterns: tuple[str, ...]) -> Any:
    """An RE2 set of these patterns: `Match(text)` gives the indices of all that occur, in one linear scan."""
    import re2

    found = re2.Set.SearchSet()
    for pattern in patterns:
        found.Add(pattern)
    found.Compile()
    return found
