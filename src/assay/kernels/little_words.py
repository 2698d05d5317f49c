"""Languages in Latin, Cyrillic and Arabic letters, told by their commonest little words and letters of their own.

A closed list written by hand: articles, pronouns, prepositions, conjunctions, auxiliaries. They are a third and
more of any prose, so that one sentence usually has several; a title or a name has none and stays unknown. A
word that several languages share counts a part for each (after Johnson 1993 and Grefenstette 1995, who tell
languages by short words as reliably as by trigrams from some ten words on).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

_LATIN: Final[dict[str, str]] = {
    "en": "the of and to a in is that for it as was with be by on not he his but at are this have from or had "
    "an they which one you were all her she there would their we him been has when who will no more if "
    "out so up said what its about than into them can only other time some could these two may then do "
    "first any my now such like our over me even most made after also did many off before must well "
    "back through years much where your way down should because each just those people how too here "
    "between both under never same another while does don't i'm it's why us let please i am use using "
    "new get make",
    "de": "der die das und ist in zu den von mit nicht ein eine des auf für im dem sich auch als es an werden "
    "aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur "
    "oder aber vor zur bis mehr durch man sein wurde sei hatte kann gegen vom können schon wenn habe "
    "seine ihre dann unter wir soll ich eines jahr zwei jahren diese dieser wieder keine seiner worden "
    "will zwischen immer was sagte gibt alle seit muss wurden beim doch jetzt waren drei ihr ihm ihn "
    "ihnen uns du mich mir bitte wo weil ob hier kein sehr ohne während damit denn etwa jedoch bereits "
    "selbst dieses diesem diesen",
    "fr": "le la les de des du un une et est en que qui dans pour pas au aux sur par plus avec ce cette ces "
    "il elle ils elles on nous vous je tu ne se son sa ses leur leurs mais ou où comme être sont a été "
    "ont fait avoir aussi bien tout tous toute toutes très peut même sans deux entre après si y dont "
    "lui moi mon ma mes votre vos notre nos était c'est d'un d'une qu'il qu'elle n'est l'on j'ai s'est "
    "lors depuis ainsi alors encore avant selon sous chez quand quel quelle avait afin car donc ete "
    "etre faire autres autre fois ans non",
    "es": "el la los las de del que y en un una unos unas es por con no se para su sus al lo como más pero le "
    "les ha me si sin sobre este esta estos estas ya entre cuando todo todos toda todas ser son dos "
    "también fue había era muy años hasta desde está mi porque qué sólo han yo hay vez puede así donde "
    "quien eso esto ni nos durante uno otro otros otra ellos ella él tiene hace cada parte después "
    "según tras mismo antes mas además fueron sido usted tu te están tienen hacer ante bien hoy aunque "
    "cual ese esa contra",
    "it": "il lo la i gli le di del della dei delle degli dello dell' e è un una uno che in per non con si da "
    "dal dalla al alla alle ai nel nella nei nelle sul sulla sono come più anche ma se ha ho hanno suo "
    "sua suoi sue loro questo questa questi queste quello essere stato stata stati io lui lei noi voi "
    "tutto tutti tutte molto dopo anni due fra tra cui dove quando perché però già ancora solo così ed "
    "ad era prima poi può fatto mi ti ci vi mio tuo nostro ogni sia senza ne chi cosa agli dai dagli "
    "dalle sui sulle sugli fino quale quanto contro",
    "pt": "o a os as de do da dos das em no na nos nas que e é um uma uns umas para por com não se mais como "
    "mas ao à aos às foi ele ela eles elas seu sua seus suas ou ser quando muito já também só pelo pela "
    "pelos pelas até isso entre era depois sem mesmo ter quem me esse essa este esta estes estas você "
    "tem nossa nosso são está há foram sobre ainda pode anos dois num numa meu minha onde qual porque "
    "tudo todos todas bem fazer nem após cada então contra segundo desde vai lhe eu nós estão tinha "
    "havia sido ano",
    "nl": "de het een en van in is dat op te zijn voor met niet die aan er om ook als bij door naar dan uit "
    "maar over nog hij zij ze we wij je jij ik heeft hebben had was werd worden wordt waren kan kunnen "
    "zou moet zal meer of tot deze dit wat geen hun haar hem mijn onder na al wel tegen jaar twee zo "
    "omdat toen nu zich veel waar andere tussen ons u uw alle wie hier daar eerste hoe men zonder gaat "
    "moeten laatste alleen kunt bent ben volgens weer goed zeer sinds zoals tijdens",
    "sv": "och i att det som en på är av för den med till inte ett om har de var jag så han från men vi kan "
    "hon eller man sig ska vid när skulle också efter nu vad mot under alla där ut hade mycket blir "
    "varit än blev bara sin sina sitt över mellan utan någon något några andra här deras dem honom "
    "henne oss er ni du mig dig detta denna dessa vara hur många två år mer upp få får säger kommer "
    "finns bli sedan därför enligt samt inom även gör måste vill går",
    "da": "og i at det er en til af på for som med den de ikke der var et har han jeg om vi men så fra kan "
    "hun eller man sig skal ved når ville også efter nu hvad mod under alle hvor ud havde meget bliver "
    "været end blev kun sin sine sit over mellem uden nogen noget nogle andre her deres dem ham hende "
    "os jer du mig dig dette denne disse være hvordan mange to år mere op få får siger kommer findes "
    "blive siden derfor ifølge samt inden både blevet hvis kunne skulle ad selv igen jo lige altså gør "
    "gå hver ingen mens hvilket",
    "nb": "og i å det er en til av på for som med den de ikke der var et har han jeg om vi men så fra kan hun "
    "eller man seg skal ved når ville også etter nå hva mot under alle hvor ut hadde mye blir vært enn "
    "ble bare sin sine sitt over mellom uten noen noe andre her deres dem ham henne oss dere du meg deg "
    "dette denne disse være hvordan mange to år mer opp få får sier kommer finnes bli siden derfor "
    "ifølge samt innen både blitt hvis kunne skulle selv igjen jo gjør gå hver ingen mens vil må sammen "
    "norge kroner fram",
    "fi": "ja on ei se että oli joka mutta myös hän ovat kun niin kuin tai ole jos sen mukaan voi ollut olla "
    "mitä sitä jotka nyt vain jo ne vielä sekä siitä minä sinä me te he tämä tämän tässä tätä ennen "
    "kanssa jonka hänen mikä kuitenkin koska jälkeen eli missä olivat olen olet olemme sitten siis noin "
    "eivät itse kaikki mukana ettei tällä vaan aina hyvin paljon enää suomen vuonna vuoden aikana sillä "
    "niitä niiden joita jossa jota kuten pitää täytyy emme en et yli alle kaksi",
    "cs": "a v na se je že to s z do o k i ve pro za by jako ale po tak od jsou byl byla bylo byly jeho který "
    "která které nebo jsem má co při až jen také není už aby podle před roku další jejich své kde když "
    "mezi může více pak tím však jak tom ze ho mu si jsme jste bude budou proto protože ještě než nad "
    "pod bez její tento tato toto této těch tedy velmi let lze byli být mají řekl kdy kdo čeho kteří "
    "ani dnes musí",
    "pl": "w i na z się do nie to że o jest jak za od po co przez dla tym czy przy oraz ma są tego jego ale "
    "ich jej był była było były być który która które którzy których także tylko może już pod lat roku "
    "bardzo jako ze jednak nad przed między gdy jeszcze tak on ona oni my wy ja mnie ciebie nas was im "
    "mu ją sobie tej ten ta te tych bez u więc bo aby żeby jeśli mają można wszystko wszystkie gdzie "
    "kiedy będzie został została dwa we również niż",
    "ro": "și în de la a cu pe că nu din este o un să au pentru care mai ce se ca sau fi dar fost sunt prin "
    "după al ale ai lui ei lor le până între foarte aceasta acest această acestei acestui acestea fără "
    "asupra când unde cum fiind avea avut poate trebuie dacă decât nici tot toate toți cele cei cel "
    "doar către spre sub am are ne vă mi-a s-a într-o într-un si sa in printr dintre despre fie iar "
    "deci astfel însă aici acum anul ani lei spus ar va vor era erau unei unui",
    "hu": "a az és hogy nem is egy ez van volt meg de csak már mint azt vagy kell még el ki ha lehet most "
    "minden ami ezt után aki én te ő mi ti ők lesz szerint között pedig mert nagyon így úgy ahol ahogy "
    "akkor amely amelyek arra ebben ennek annak itt ott majd nincs sem vannak voltak lett több első két "
    "magyar minket nekem neki ezért azonban illetve valamint számára során által alatt miatt ezek azok "
    "be fel le össze vissza amikor hanem tehát ilyen",
    "tr": "ve bir bu da de için ile o çok daha olarak gibi kadar ne var en değil ama ben sen biz siz onlar mi "
    "mı mu mü olan sonra ise ya her ki diye göre şey hem önce yok iki olduğu olduğunu tarafından veya "
    "ancak bütün kendi nasıl neden çünkü oldu olur etti eden edilen üzerinde arasında içinde bunu buna "
    "bunun şu hiç bana sana ona beni onun bizim sizin türkiye yıl yılında büyük yeni ilk şekilde zaman "
    "fakat artık eğer olması ettiği dedi",
    "id": "yang dan di ke dari untuk dengan ini itu pada adalah tidak dalam akan juga karena oleh saya kami "
    "kita mereka anda dia ia telah sudah dapat bisa ada atau sebagai lebih seperti bahwa banyak "
    "tersebut para hanya saat tahun masih harus menjadi secara namun setelah antara agar bagi kepada "
    "jika ketika sebuah serta sangat belum lagi hari satu dua orang maka pun saja sehingga terhadap mau "
    "uang mobil kalau apa bukan kata ujar jakarta indonesia beberapa hingga selama tetapi sedang "
    "melakukan",
    "ms": "yang dan di ke dari untuk dengan ini itu pada adalah tidak dalam akan juga kerana oleh saya kami "
    "kita mereka anda dia ia telah sudah dapat boleh ada atau sebagai lebih seperti bahawa banyak "
    "tersebut para hanya tahun masih perlu menjadi secara namun selepas antara agar bagi kepada jika "
    "apabila sebuah serta sangat belum lagi hari satu dua orang maka pun sahaja sehingga terhadap mahu "
    "wang kereta beliau ialah malaysia kuala lumpur katanya berkata kementerian negeri pihak beberapa "
    "hingga selama tetapi",
    "vi": "và của là có không được cho các trong một những với người này đã khi đến về ra cũng như để từ vào "
    "tại ở nhiều năm sẽ theo sau phải trên làm nhưng còn thì đó rất lại nếu hơn bị mà nên do tôi bạn "
    "anh chị em ông bà họ chúng ta nước việt nam đang cùng trước hai ngày lên chỉ qua việc hay vì thế "
    "đây nào gì ai bằng",
    "ca": "el la els les de del dels i que en un una amb per no és al als es va ser han ha més com però també "
    "aquest aquesta aquests són seva seu seus fins sense molt perquè quan on tot tots entre després "
    "anys hi ho jo nosaltres l'any d'un d'una s'ha tenir fer pot",
    "af": "die en van in is dat het nie vir met op te aan wat om was hy sy ons hulle ek jy daar hierdie deur "
    "ook maar kan sal moet word nog uit baie toe dit as by",
    "sk": "a v na sa je že to s z do o k aj vo pre za by ako ale po tak od sú bol bola bolo boli jeho ktorý "
    "ktorá ktoré alebo som má čo pri až len tiež nie už aby podľa pred roku ďalšie ich svoje kde keď "
    "medzi môže viac však ktorí",
    "hr": "i u na je se da za su od s a koji koja koje kako ali bio bila bilo što to iz o do sa ne nije samo "
    "kao već više može biti će te još ili ih mu njegov ovaj ova ovo nakon prije jer li smo sam bi "
    "godine",
    "sl": "in v na je se da za so z s ki kot ali pa ne tudi po od iz o do bi bil bila bilo če še ter samo več "
    "lahko kaj to ta te tem pri ker zelo sem smo med leta leto",
    "tl": "ang ng sa na mga at ay ni si ko mo ka siya kami tayo sila ito iyan iyon hindi para kung may "
    "mayroon wala din rin lang naman pa po ba nang",
    "sw": "ya na wa kwa ni katika za la cha vya kuwa hii huyo hiyo yake wake lakini au pia kama hata sana "
    "kutoka watu mimi wewe yeye sisi wao hapa huko",
    "la": "et in est non ad cum ut sed quod qui quae ex ab per esse sunt atque enim nec si aut hoc eius quam "
    "autem fuit",
    "eo": "la kaj de en estas al ne por kun ke li ŝi ĝi mi vi ili sed kiu kiuj ankaŭ tiu tio estis povas pri "
    "el",
    "et": "ja on ei et see oli ka mis kui ta ning aga või ma selle mille oma kes seda nii välja veel pärast "
    "eesti üle siis mida tema nende võib peab olnud aasta",
    "lv": "un ir no ar par uz tas kas ka bija arī bet vai lai tā viņš nav pēc pie līdz gada kā tiek jau ļoti",
    "lt": "ir yra kad į iš su ne tai kaip bet buvo jis už ar apie po dėl kuris jau dar tik taip prie metų",
    "sq": "e në të i që dhe është për me një nga se ka më nuk u si por do kjo janë ky kanë",
}  # fmt: skip

# A few letters each that the neighbours in this list do not have; a letter of several counts a part for each.
_LATIN_LETTERS: Final[dict[str, str]] = {
    "de": "ßäöü", "fr": "çœéêèàùîûôâ", "es": "ñ¿¡áéíóú", "it": "òìùàèé", "pt": "ãõçêâáéíóúà", "sv": "åäö",
    "da": "øæå", "nb": "øæå", "fi": "äö", "cs": "řěůžščáéíýú", "pl": "łąężśźćńó", "ro": "ășțşţâî",
    "hu": "őűáéóöüíú", "tr": "ğışçöü", "vi": "ơưđạảấầẩậắằẳặẹẻẽếềểễệịỉọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ", "ca": "·çàèéíòóú",
    "nl": "ëïé", "sk": "ľĺŕôžščáéíýú", "hr": "đžčšć", "sl": "čšž", "eo": "ĝĉŝŭĵĥ", "et": "õäöü",
    "lv": "āēīūģķļņšž", "lt": "ėįųžšč", "sq": "ëç",
}  # fmt: skip

_CYRILLIC: Final[dict[str, str]] = {
    "ru": "и в не на что с он как это по но из за то все к у же вы так его для от было бы о мы если она они "
    "был еще уже или только также до при чтобы когда были которые который году может очень после где",
    "uk": "і в не на що з у як це по але із за то до та й він вона вони для від було б ми якщо був ще вже або "
    "тільки також при щоб коли були які який року може дуже після де є про україни його її їх їм йому "
    "нам вам вас нас мене себе своїх цього цей ця ці тому того всіх більше років час чим через між "
    "перед над під без треба можна буде будуть була бути сказав яких яка яку якої однак наприклад зараз "
    "тепер тут там тоді такий такі два один перший раз навіть чи хто чому дякую проти щодо відповідно",
    "bg": "и в не на че с от да за се са е по като но до при то ще би или също той тя те която който които "
    "след година бъде има му най това този",
    "sr": "и у не на да је се за су од с а који која које како али био била било што то из о до са није само "
    "као већ више може бити ће још или",
    "mk": "и во не на што со од да за се е по како но до при тоа ќе би или исто тој таа тие која кој кои "
    "после година има",
    "be": "і ў не на што з у як гэта па але за то да ён яна яны для ад было бы мы калі быў яшчэ ўжо або "
    "толькі таксама",
}  # fmt: skip
_CYRILLIC_LETTERS: Final[dict[str, str]] = {
    "ru": "ыэё", "uk": "іїєґ", "bg": "ъ", "sr": "ђћџљњј", "mk": "ѓќѕљњџј", "be": "ўыэё", "kk": "әғқңөұүһі",
    "mn": "өүэ", "ky": "өүңэ", "tg": "ӣҷҳӯқғ",
}  # fmt: skip

_ARABIC: Final[dict[str, str]] = {
    "ar": "في من على إلى أن ان التي الذي هذا هذه ما لا عن مع كان كانت أو او لم قد هو هي ذلك بعد كل بين حيث "
    "كما وقد وفي غير ثم عند قبل أي إن الى لها له به بها خلال",
    "fa": "در به از که این را با است برای آن یک خود تا کرد بر هم نیز شد شده اما ما های ها می بود باشد کند هر "
    "دو او یا پس نمی کرده دارد همه وی بین پیش",
    "ur": "کے میں کی ہے اور سے کا کو اس کہ نے پر ہیں یہ ایک بھی تھا نہیں جو ہو گیا کر وہ تھی ان اپنے تو",
    "ps": "په د او چې له کې دي سره دا يې ته شوي",
}  # fmt: skip
_ARABIC_LETTERS: Final[dict[str, str]] = {
    "ar": "ةكيىإأ", "fa": "پچژگکی", "ur": "ٹڈڑےںہ", "ps": "ېښځټډړ", "ckb": "ێۆڵڕە", "ug": "ېۇۈۆە",
}  # fmt: skip

_BY_SCRIPT: Final = {
    "Latin": (_LATIN, _LATIN_LETTERS),
    "Cyrillic": (_CYRILLIC, _CYRILLIC_LETTERS),
    "Arabic": (_ARABIC, _ARABIC_LETTERS),
}
SCRIPTS: Final = frozenset(_BY_SCRIPT)
LANGUAGES: Final = frozenset(
    language for words, letters in _BY_SCRIPT.values() for language in (*words, *letters)
)

LIMIT: Final = 300
"""Characters that are looked at; docs/stages/language.md has the study behind the number."""

LONE: Final = 0.5
"""What a mark of one letter counts, in words: `a`, `w` and `z` are also names in formulas."""

LETTER: Final = 0.8
"""What an occurrence of a letter of one's own counts, on top of `LONE`."""

MOST_TIMES: Final = 3
"""How many occurrences of a letter count."""

LETTERS: Final = r"[^\W\d_]"
"""What words are made of, as a regular expression."""

_WORD: Final = re.compile(f"{LETTERS}+(?:['-]{LETTERS}+)*")

ADDRESSES: Final = ("@", "://", "www.", ".com")

Weights = dict[str, tuple[tuple[int, float], ...]]


def guess(text: str, script: str) -> tuple[str | None, float]:
    """The language of a text in a script of `SCRIPTS`, and how sure that is, 0 to 1; None without evidence.

    Looks at the first `LIMIT` characters.
    """
    languages, words, letters = weights(script)
    text = text[:LIMIT]
    if not text.isascii():
        # Full-width letters become plain ones, and an accent written by itself joins its letter.
        text = unicodedata.normalize("NFKC", text).replace("’", "'")
    lowered = text.lower()
    scores = [0.0] * len(languages)
    for word in _WORD.findall(lowered):
        for language, weight in words.get(word, ()):
            scores[language] += weight
    if not lowered.isascii():
        # In order, for sums of floats hang on it.
        for letter in sorted(letters.keys() & set(lowered)):
            times = worth(lowered.count(letter))
            for language, weight in letters[letter]:
                scores[language] += weight * times
    best = max(scores)
    if best <= 0.0:
        return None, 0.0
    place = scores.index(best)
    scores[place] = 0.0
    return languages[place], (1.0 - 0.5 * max(scores) / best) * best / (best + 0.5)


def worth(times: int) -> float:
    """What so many occurrences of a letter count."""
    return LETTER * min(MOST_TIMES, times)


def without_addresses(text: str) -> str:
    """The text without its addresses of the web and of mail, whose parts are no words of its language."""
    if "@" in text or "://" in text or "www." in text or ".com" in text:  # `ADDRESSES`, five times as fast
        return " ".join(word for word in text.split() if not any(mark in word for mark in ADDRESSES))
    return text


@cache
def weights(script: str) -> tuple[tuple[str, ...], Weights, Weights]:
    """The languages of a script, and mark → (place of a language, weight) of its words and of its letters."""
    words, letters = _BY_SCRIPT[script]
    languages = tuple(dict.fromkeys((*words, *letters)))  # of equals the first, which is the commoner one
    return (
        languages,
        _shared({name: words.get(name, "").split() for name in languages}),
        _shared({name: list(letters.get(name, "")) for name in languages}),
    )


def _shared(marks: dict[str, list[str]]) -> Weights:
    holders: dict[str, list[int]] = {}
    for number, name in enumerate(marks):
        for mark in dict.fromkeys(marks[name]):
            holders.setdefault(mark, []).append(number)
    return {
        mark: tuple((number, (1.0 if len(mark) > 1 else LONE) / len(of)) for number in of)
        for mark, of in holders.items()
    }
