"""The words by which mail programs introduce what they quote, in the languages they speak.

Everything is compared case-folded. A word that is missing here costs little: a quote marked with `>` or by the
structure of the HTML is found without it.
"""

# ruff: noqa: RUF001 - letters of many scripts look alike


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> frozenset[str]:
    return frozenset(" ".join(phrase.split()) for phrase in text.split("|"))


# "wrote" in lines like "On 5 May Ann wrote:". Of several words, the one that alone tells enough.
WROTE = _words("""
wrote writes write написал написала написав писал писала пише пишет написа schrieb schreibt
geschrieben écrit écrivait ecrit escribió escribio escribe escribiu escreveu scritto scrive scrisse
schreef schrijft geschreven geschreve napisał napisała napisal napisala napísal napísala napsal
napsala píše napisao skrev skriver skrifaði kirjoitti kirjoittaa írta ezt yazdı yazmış yazdi έγραψε
scris écriu escriure idatzi parašė rašė rakstīja kirjutas viết menulis tulis sanoi dijo said sagte
zitat quoting
""")
# The same in scripts without spaces between words; they are looked for anywhere in the line.
WROTE_WITHIN = (
    "写道", "寫道", "写到", "書きました", "のメール", "님이 작성", "님이 쓴", "เขียน", "כתב", "كتب", "كتابة",
)  # fmt: skip
# Programs name whom they quote; a pronoun instead is the author's own way of telling.
PRONOUNS = (
    "i wrote", "i said", "i write", "we wrote", "you wrote", "you said", "he wrote", "he said",
    "she wrote", "she said", "they wrote", "they said", "ich schrieb", "schrieb ich", "wir schrieben",
    "er schrieb", "schrieb er", "sie schrieb", "schrieb sie", "schrieben sie", "j'ai écrit",
    "j’ai écrit", "il a écrit", "elle a écrit", "he escrito", "ho scritto", "ik schreef", "jag skrev",
    "jeg skrev", "я писал", "я написал",
)  # fmt: skip
# How such a line begins: a preposition before the date, or the date's day of the week.
OPENERS = _words("""
on am le el il em op den på pe dne dnia w na a în la στις vào pada no da à mon tue wed
thu fri sat sun mo di mi do fr sa so lun mar mer jeu ven sam dim mié jue vie sáb dom gio sab lør søn
man tir ons tors tor fre lör sön ma ti ke to su po út st čt pá pt pon wt śr czw sob niedz пн вт ср
чт пт сб вс нд понедельник вторник среда четверг пятница суббота воскресенье понеділок вівторок
середа четвер пʼятниця субота неділя в у 在 於 monday tuesday wednesday thursday friday saturday
sunday
""")

# The labels of a quoted mail's header block.
_FROM = """
from|von|de|da|van|od|från|fra|lähettäjä|от|от кого|від|feladó|kimden|gönderen|από|din|expéditeur
|remitente|mittente|afzender|avsändare|avsender|afsender|nadawca|odesílatel|差出人|送信者|发件人|寄件者|寄件人
|보낸 사람|보낸사람|מאת|من
"""
_DATE = """
sent|date|gesendet|datum|envoyé|envoye|date d'envoi|enviado|enviado el|enviada em|enviado em|fecha
|data|inviato|data invio|verzonden|wysłano|wysłane|skickat|sendt|dato|lähetetty|päivämäärä|päiväys
|отправлено|дата|надіслано|odesláno|odoslané|elküldve|dátum|tarih|gönderildi|gönderilme tarihi
|gönderme tarihi|ημερομηνία|trimis|送信日時|日付|日時|发送时间|发送日期|日期|時間|时间
|寄件日期|傳送時間|보낸 날짜|날짜|날짜/시간|נשלח|תאריך
|تاريخ
"""
_TO = """
to|an|à|a|para|aan|do|till|til|vastaanottaja|кому|címzett|kime|alıcı|προς|către|komu|pre
|destinataire|destinatario|宛先|收件人|收件者|받는 사람|받는사람|אל|إلى
"""
_SUBJECT = """
subject|betreff|objet|asunto|oggetto|assunto|onderwerp|temat|ämne|emne|aihe|тема|předmět|predmet
|tárgy|konu|θέμα|subiect|件名|主题|主題|主旨|제목|נושא|الموضوع
"""
_OTHER = """
cc|bcc|kopie|kopia|kopi|copie|copia|kopio|копия|копія|cópia|másolatot kap|bilgi|dw|udw|cc'd|抄送|副本|참조
|עותק|reply-to|antwort an|répondre à|responder a|rispondi a|beantwoorden|svar till|importance
|wichtigkeit|priority|priorität|attachments|anlagen|anhänge|pièces jointes|organization|sender
|mailed-by|signed-by|message-id|resent-from|posted at|newsgroups|gruppen|gesendet von|an die gruppe
|conversation
"""
HEADER_ROLES = {
    label: role
    for role, labels in (
        ("other", _OTHER), ("to", _TO), ("date", _DATE), ("subject", _SUBJECT), ("from", _FROM),
    )
    for label in _phrases(labels)
}  # fmt: skip

# What stands between dashes above a quoted or forwarded mail.
DIVIDERS = _phrases("""
original message|original mail|original email|reply message|forwarded message|forwarded mail
|forwarded email|original appointment|forward message|ursprüngliche nachricht|originalnachricht
|original nachricht|ursprünglicher termin|weitergeleitete nachricht|ursprüngliche mail
|weitergeleitete mail|weitergeleitete e-mail|antwortnachricht|message d'origine|message d’origine
|message original|message initial|courriel original|e-mail d’origine|message transféré
|message transmis|message de réponse|mail original|mail transféré|rendez-vous d'origine
|mensaje original|mensaje reenviado|mensaje de respuesta|correo original|missatge original
|messaggio originale|messaggio inoltrato|mail originale|messaggio di risposta|mensagem original
|mensagem encaminhada|mensagem de resposta|oorspronkelijk bericht|oorspronkelijk mailtje
|origineel bericht|doorgestuurd bericht|doorgestuurde bericht|wiadomość oryginalna
|oryginalna wiadomość|wiadomość przekazana|przekazana wiadomość|treść przekazanej wiadomości
|ursprungligt meddelande|ursprungsmeddelande|originalmeddelande|vidarebefordrat meddelande
|oprindelig meddelelse|original meddelelse|videresendt meddelelse|videresendt besked
|opprinnelig melding|original melding|videresendt melding|videresendt e-post|alkuperäinen viesti
|välitetty viesti|lähetetty viesti|исходное сообщение|оригинальное сообщение|пересылаемое сообщение
|пересланное сообщение|первоначальное сообщение|вихідне повідомлення|переслане повідомлення
|původní zpráva|původní e-mail|přeposlaná zpráva|pôvodná správa|preposlaná správa|eredeti üzenet
|továbbított üzenet|orijinal mesaj|özgün ileti|iletilen mesaj|iletilmiş mesaj|αρχικό μήνυμα
|προωθημένο μήνυμα|mesaj original|mesaj redirecționat|元のメッセージ
|転送されたメッセージ|転送メッセージ|オリジナルメッセージ|原始邮件
|原始郵件|转发邮件|转发的邮件|轉寄郵件|原邮件|원본 메시지|원본 메일|전달된 메시지|הודעה מקורית|الرسالة الأصلية
""")
# The same above what Apple's programs forward: a line of its own, closed by a colon.
FORWARD_LINES = _phrases("""
begin forwarded message|anfang der weitergeleiteten nachricht|anfang der weitergeleiteten e-mail
|début du message réexpédié|début du message transféré|inicio del mensaje reenviado
|inizio messaggio inoltrato|início da mensagem encaminhada|início da mensagem reencaminhada
|begin doorgestuurd bericht|vidarebefordrat brev|start på videresendt besked|videresendt melding
|välitetty viesti alkaa|początek przekazywanej wiadomości|начало переадресованного сообщения
|začátek přeposlané zprávy|továbbított levél kezdete|iletilen ileti başlangıcı
|başlangıç iletilen ileti|転送されたメッセージ|下面是被转发的邮件|开始转发的邮件|전달된 메시지
""")
# Help desks ask to write above a line; what stands below is theirs.
REPLY_WORDS = (
    "repl", "antwort", "répon", "repon", "respon", "rispo", "beantw", "odpow", "svar", "ответ",
    "##", "--", "==",
)  # fmt: skip
ABOVE_THIS_LINE = (
    "above this line", "oberhalb dieser zeile", "über dieser zeile", "oberhalb dieser linie",
    "über dieser linie", "au-dessus de cette ligne", "encima de esta línea",
    "por encima de esta linea", "sopra questa riga", "sopra questa linea", "acima desta linha",
    "boven deze lijn", "boven deze regel", "powyżej tej linii", "ovanför denna rad",
    "over denne linje", "over denne linjen", "выше этой строки", "выше этой линии",
)  # fmt: skip

# Lines that telephones and web mail put below what was written: how they begin ...
SENT_FROM = (
    "sent from", "sent via", "sent using", "sent with", "get outlook", "typed on", "written on",
    "sent by", "from my", "gesendet von", "gesendet mit", "gesendet über", "gesendet aus",
    "von meinem", "von unterwegs", "diese nachricht wurde von", "diese nachricht wurde mit",
    "diese e-mail wurde von", "holen sie sich outlook", "envoyé de", "envoyé depuis",
    "envoyé à partir", "envoyé avec", "envoyé par", "envoyé via", "obtenir outlook",
    "obtenez outlook", "télécharger outlook", "provenance", "enviado desde", "enviado con",
    "enviado de", "enviado do", "enviado via", "enviado a partir", "enviado por", "enviado pelo",
    "enviat des", "obtener outlook", "obter o outlook", "obter outlook", "inviato da",
    "inviato con", "ottieni outlook", "scarica outlook", "verstuurd vanaf", "verstuurd met",
    "verzonden vanaf", "verzonden vanuit", "verzonden met", "verzonden via", "download outlook", "wysłane z",
    "wysłano z", "pobierz outlook", "pobierz aplikację outlook", "skickat från", "skickades från",
    "hämta outlook", "sendt fra", "sendt med", "sendt via", "hent outlook", "få outlook",
    "lähetetty", "hanki outlook", "отправлено с", "отправлено из", "отправлено через",
    "надіслано з", "odesláno z", "odoslané z", "stáhnout outlook", "elküldve", "iphone'umdan",
    "ipad'imden", "εστάλη από", "αποστολή από", "trimis de", "outlook for", "outlook für",
    "outlook pour", "outlook per", "outlook para", "outlook voor", "yahoo mail", "iphoneから送信",
    "ipadから送信", "androidから送信", "从我的", "从 iphone", "发自我的", "發自我的", "我的iphone", "從我的",
    "iphone から", "ipad から", "last ned outlook", "získat outlook", "baixar o outlook",
    "下载 outlook", "나의 iphone", "나의 ipad", "내 iphone",
)  # fmt: skip
# ... and what one of their words is.
DEVICES = _words("""
iphone ipad ipod mobilgerät cell cellphone typeapp android ios samsung galaxy blackberry outlook
nokia huawei xiaomi pixel windows phone smartphone mobile mobil handy móvil movil celular
mobiltelefon telefon téléphone telefono telefoon telemóvel tablet gmail gmx web proton protonmail
yahoo aol fairemail aqua macbook mac motorola oneplus htc lg sony xperia treo palm droid verizon
vodafone o2 thunderbird roundcube zoho mailbox tutanota tuta posteo mailbird bluemail airmail
superhuman hotmail wireless device gerät puhelimesta puhelin puhelimestani iphonesta androidista
телефона смартфона почты айфона smartfona smarttelefon
""")
# What the last lines below a rule talk of, if a list server or a virus scanner put them there.
FOOTERS = (
    "mailing list", "mailing-list", "mailinglist", "listinfo", "unsubscribe", "mailman",
    "abmelden", "abbestellen", "désabonner", "désinscription", "liste de diffusion",
    "lista de correo", "google groups", "subscribed to", "view it on github", "@lists.", "//lists.",
    "avast", "antivirus", "for viruses", "virus-free", "auf viren", "virenfrei",
)  # fmt: skip
