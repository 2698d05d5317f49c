"""The words of the help desk, in English and Chinese. All of it is our own, and nobody in it is real."""

from __future__ import annotations

PRODUCTS = [
    "label printer", "VPN client", "badge reader", "payroll portal", "video bridge", "shared calendar",
    "barcode scanner", "expense app", "door intercom", "backup drive", "ticket kiosk", "mail gateway",
    "time clock", "desk phone", "projector", "file server", "password manager", "parking system",
    "docking station", "inventory tablet", "travel booking site", "meeting room display", "fax line", "wiki",
]  # fmt: skip

SYMPTOMS = [
    "stops after the second page", "asks for the password again and again", "shows last week's numbers",
    "freezes when two people use it at once", "prints everything upside down", "drops the line after {n} minutes",
    "refuses my badge although it worked yesterday", "loses the attachment when I press send",
    "will not start since the update on {day}", "answers with error {code}", "is so slow that customers leave",
    "shows a blank page in one browser and works in the other", "sends the same message {n} times",
    "does not find the new colleague in {town}", "forgets its settings every night",
    "rounds every amount to the next euro", "beeps {n} times and then switches itself off",
    "cannot read the labels from the {town} warehouse", "says that the licence ends in {n} days",
    "mixes up the accounts of two customers with the same surname", "does not ring in the {town} office",
    "takes the wrong tax rate for orders from {town}", "opens the door for everybody after {n} o'clock",
]  # fmt: skip

OPENINGS = [
    "Hello,", "Good morning,", "Hi team,", "To whom it may concern:", "Sorry to bother you again.",
    "This is urgent!", "A question from the {town} office:", "I am writing for my colleague, who is on leave.",
    "First of all, thank you for last week.", "Not sure whether I am right here, but", "Dear support,",
]  # fmt: skip

CONTEXT = [
    "It began on {day}, right after we moved to floor {n}.", "We have {many} people waiting because of it.",
    "My manager {name} has already asked twice.", "I restarted it {n} times; nothing changed.",
    "The one in {town} does the same, the one in {town2} does not.", "It only happens when {name} is logged in.",
    "I followed page {many} of the manual to the letter.", "There was a storm on {day}, maybe that matters.",
    "The serial number ends in {code}.", "We cannot close the month until this works.",
    "It is the third time since spring.", "I changed nothing, I promise.", "A photo of the screen shows {code}.",
    "The cable looks fine and so does the little green light.", "{name} suggested to write to you.",
    "I have a customer meeting at {n} and would like to show it working.",
]  # fmt: skip

STEPS = [
    "Open the settings of the {product}, choose Network and write down the address ending in {n}.",
    "Unplug the {product}, count to {many}, and plug it in again before you press anything.",
    "Sign out everywhere, then sign in once on the machine in {town} only.",
    "Clear the queue: hold the left button for {n} seconds until the light turns amber.",
    "Ask {name} to renew the certificate that ran out on {day}.",
    "Install update {code}; it takes about {many} minutes and needs no restart.",
    "Check under Accounts that both entries have a customer number, and merge them if one is empty.",
    "Set the clock of the {product} to the time server, because {n} minutes of drift are enough for this.",
    "Delete the saved profile called {town} and let the {product} make a new one.",
    "Move the {product} to the socket by the window; the other one shares its fuse with the kitchen.",
    "Turn off the energy saver under Power, or it will fall asleep after {many} minutes again.",
    "Download the driver for model {code} and not the one that Windows suggests.",
    "Empty the cache of the browser and load the page with the address from {day}.",
    "Give the group in {town} the right to read the folder; at the moment only {name} has it.",
    "Compare line {n} of the export with the invoice: the column for tax was moved on {day}.",
    "Write the error number {code} into the field Reference, so that we can see it on our side.",
    "Replace the ribbon with type {code}; the older one jams above {many} labels an hour.",
    "Choose Restore from the menu and take the copy of {day}, which is complete.",
    "Call extension {many} and let it ring {n} times: that resets the line.",
    "Switch the display to input {n} and wait for the picture before you share the screen.",
    "Raise the limit for {town} from {n} to {many} under Quotas and save twice.",
    "Remove the second monitor, start the {product}, and attach it again once the desktop is there.",
]  # fmt: skip

REASONS = [
    "The {product} keeps the old address until its lease of {many} hours is over.",
    "Since {day} the server refuses clients older than version {n}.{code}.",
    "Two accounts with one badge number block each other.", "The update of {day} reset the region to {town}.",
    "A full disk in {town} stops every job after the first {n}.", "This is a known fault of model {code}.",
    "The firewall on floor {n} drops idle connections.", "Somebody moved the template that {name} made.",
]  # fmt: skip

CLOSINGS = [
    "If the light is still red after that, reply with the number on the back and we will send a technician to {town}.",
    "Please tell us by {day} whether it held.", "We will look at the log again in {n} days to be sure.",
    "Your case number is {code}; you need not explain it all again.", "{name} on our side knows about it.",
    "Thank you for the precise description, it saved us both an hour.", "You can close the ticket yourself when it works.",
    "That should be all; the fix stays after a restart.",
]  # fmt: skip

TOWNS = [
    "Lund", "Porto", "Graz", "Leeds", "Nantes", "Tampere", "Utrecht", "Bergamo", "Aarhus", "Gdynia", "Cork",
    "Ghent", "Malaga", "Brno", "Tartu", "Zadar", "Basel", "Ulm", "Trieste", "Vigo", "Bergen", "Patras",
]  # fmt: skip
NAMES = [
    "Ines", "Tomasz", "Aoife", "Bram", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ilse", "Jonas",
    "Katya", "Luca", "Maren", "Nadia", "Oskar", "Petra", "Quentin", "Rosa", "Sven", "Tilda", "Umar", "Vera",
]  # fmt: skip
DAYS = [
    f"{d} {m}"
    for m in ("January", "March", "April", "June", "August", "October")
    for d in (2, 5, 9, 14, 17, 23, 28)
]

ZH_PRODUCTS = [
    "标签打印机",
    "门禁系统",
    "报销软件",
    "会议室大屏",
    "扫码枪",
    "考勤机",
    "备份硬盘",
    "邮件网关",
    "停车系统",
    "桌面电话",
    "库存平板",
    "视频会议",
    "工资系统",
    "文件服务器",
]
ZH_SYMPTOMS = [
    "打印到第{n}页就停下来", "反复要求输入密码", "更新之后打不开", "提示错误{code}", "运行特别慢，客户都等不及了",
    "{n}分钟后自动断线", "把两个同名客户的账户弄混了", "每天晚上都会丢失设置", "搜不到{town}的新同事",
    "金额总是四舍五入到整数", "响{n}声之后自动关机", "读不出{town}仓库的标签", "显示的是上周的数据", "附件一发送就不见了",
]  # fmt: skip
ZH_OPENINGS = ["您好，", "早上好，", "打扰一下，", "急！", "请问，", "替同事问一下：", "再次麻烦你们了，"]
ZH_CONTEXT = [
    "从{day}搬到{n}楼以后就这样了。", "{name}已经问过我两次了。", "我重启了{n}次都没有用。", "{town}的那台也一样。",
    "现在有{many}个人在等。", "说明书第{many}页的步骤我都试过了。", "只有{name}登录的时候才会出现。", "序列号最后几位是{code}。",
    "这个月的账还没法结。", "线和指示灯看起来都正常。", "我什么都没有改过。", "这是今年第三次了。",
]  # fmt: skip
ZH_STEPS = [
    "请打开{product}的设置，选择网络，记下以{n}结尾的地址。", "拔掉电源，等{many}秒再插上，中间不要按任何键。",
    "先在所有设备上退出，再只在{town}的电脑上登录一次。", "按住左键{n}秒清空队列，直到指示灯变成橙色。",
    "请{name}更新在{day}过期的证书。", "安装补丁{code}，大约需要{many}分钟，不用重启。", "删除名为{town}的配置，让系统重新生成一个。",
    "把时钟和时间服务器对准，差{n}分钟就会出这个问题。", "下载型号{code}的驱动，不要用系统推荐的那个。",
    "在电源选项里关掉节能，否则{many}分钟后又会休眠。", "给{town}的小组开通读取权限，目前只有{name}有。",
    "把导出文件第{n}行和发票对一下，税率那一列在{day}挪过位置。", "从菜单里选择恢复，用{day}的备份，那一份是完整的。",
]  # fmt: skip
ZH_CLOSINGS = [
    "如果还是红灯，请回复背面的编号，我们会派人去{town}。", "请在{day}之前告诉我们结果。", "您的工单号是{code}。",
    "谢谢您描述得这么清楚。", "修好之后重启也不会再丢。", "我们{n}天后会再看一次日志。",
]  # fmt: skip
ZH_TOWNS = ["苏州", "青岛", "成都", "厦门", "昆明", "长沙", "合肥", "大连", "宁波", "西安", "佛山", "无锡"]
ZH_NAMES = ["小林", "王工", "李姐", "陈主任", "阿强", "周老师", "赵经理", "小吴", "孙会计", "郑师傅"]
ZH_DAYS = [f"{m}月{d}日" for m in (1, 3, 5, 7, 9, 11) for d in (2, 6, 11, 16, 21, 27)]

NON_ANSWERS = [
    "I'll escalate this.", "I'll escalate this to the second level.", "Escalated, thank you for your patience.",
    "Forwarding this to the team.", "We will get back to you.", "Ticket received.",
]  # fmt: skip
ZH_NON_ANSWERS = ["已升级处理。", "我会把这个问题转给二线。", "已转交，请耐心等待。", "收到。"]
MACROS = [
    "Thank you for contacting the help desk. Your password has been reset. Open the portal, choose Forgot password, "
    "type the code that we sent to your phone and choose a new password with at least twelve characters. The old one "
    "stops working at once, and saved passwords in the mail program and on the phone must be typed in again.",
    "Thank you for contacting the help desk. The network on your floor was serviced last night. Please switch the "
    "computer off and on again, connect to the network named Office and accept the new certificate. Guests use the "
    "network named Visitors, whose password hangs at the reception and changes every Monday.",
    "您好，感谢联系服务台。您的密码已经重置。请打开门户网站，选择忘记密码，输入我们发送到您手机上的验证码，"
    "然后设置一个至少十二位的新密码。旧密码立即失效，邮件客户端和手机上保存的密码也需要重新输入一次。",
]  # fmt: skip
MACRO_QUESTIONS = [
    ["I forgot my password, please reset it.", "Please reset my password.", "My password no longer works."],
    ["The network is down on my floor.", "I have no network since this morning.", "No network at my desk."],
    ["密码忘记了，请帮我重置。", "请重置我的密码。", "密码登不进去了。"],
]  # fmt: skip
