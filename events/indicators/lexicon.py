"""The words by which the scanner tells indicators from look-alikes in prose, logs and code."""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COMMANDS = _words(
    "python python3 pip pip3 bash sh zsh wget curl cat chmod cmd powershell pwsh rundll32 "
    "regsvr32 java node npm perl php ruby nslookup start copy move del type cp mv rm ./ sudo "
    "run open echo tar unzip mshta wscript cscript certutil bitsadmin schtasks reg net "
    "msiexec"
)
STOP_WORDS = _words(
    "the a an of this that these those our your their its his her and or in on at to for from "
    "with by is are was were be as der die das ein eine und oder le la les un une des et ou "
    "each every no"
)
MAILBOXES = _words(
    "abuse admin administrator billing contact hello help helpdesk hr info it jobs kontakt "
    "legal mail marketing me noc noreply no-reply office postmaster press root sales security "
    "service soc support team test user webmaster"
)

# What a file name ends in. Those that are also top-level domains are told apart in `names`.
FILE_EXTENSIONS = _words(
    "exe dll sys scr pif com cpl ocx drv efi msi msix msixbundle appx msp mst bat cmd ps1 "
    "psm1 psd1 vbs vbe vb js jse wsf wsh wsc hta sct lnk url reg inf ini cfg conf chm hlp iso "
    "img vhd vhdx dmg pkg app apk ipa dex jar war class elf so dylib ko bin dat db sqlite tmp "
    "log bak old doc docx docm dot dotx dotm xls xlsx xlsm xlsb xlt xltm xll xlam ppt pptx "
    "pptm pps ppsx pdf rtf odt ods odp one onepkg pub eml msg ics csv tsv txt md json xml yml "
    "yaml toml html htm xhtml shtml mht mhtml svg png jpg jpeg gif bmp ico webp tif tiff mp3 "
    "mp4 avi mov wav zip rar 7z gz tgz tar bz2 xz cab ace arj lzh z php php5 phtml asp aspx "
    "ashx asmx jsp jspx cgi pl py pyc pyw rb sh bash zsh go rs c cpp h cs java ts jsx tsx vue "
    "lua swift kt sql ps psc crt cer pem key pfx p12 der csr asc gpg plist service job "
    "torrent swf ttf woff woff2 css map lock properties gradle bundle scpt command desktop "
    "rpm deb run iqy slk settingcontent-ms library-ms search-ms theme aa locked encrypted "
    "wncry ransom pcap pcapng evtx dmp yar yara sig ovpn rdp ica kdbx wallet"
)
# Endings of both worlds that mean a domain unless the text says otherwise; the others mean a file.
DOMAIN_BEFORE_FILE = _words("com pl md ps kt go service win ist ink name ai cc ml cab lua vu aa")
KNOWN_FILES = _words(
    "readme.md changelog.md todo.md license.md contributing.md security.md index.md notes.md "
    "install.md command.com"
)
FILE_CUES = re.compile(
    r"(?i)\b(?:files?|file ?names?|fname|datei(?:en|name)?|fichiers?|scripts?|archives?|attach"
    r"ments?|anhang|anhänge|pièces? jointes?|drop(?:s|ped|per)?|execut(?:e|es|ed|ing)|run|runs|ran|"
    r"open(?:s|ed)?|payload|librar(?:y|ies)|module|loads?|unzip|chmod|bash|sh|python3?|perl|"
    r"named?|zip|sav(?:e|ed|es))\b"
)
DOMAIN_CUES = re.compile(
    r"(?i)\b(?:domains?|hosts?|hostnames?|dns|fqdn|c2s?|c&c|sni|resolv(?:e|es|ed|ing)|nxdomain|server|"
    r"serveur|query|queries|web ?sites?|sites?|beacons?|contacts?|connect(?:s|ed|ing)?|"
    r"register(?:s|ed)?|registrar|subdomains?|nameserver|visit|domaine?s?)\b"
)

# Endings that code uses for attributes and methods: `os.name`, `logging.info`, `window.open`.
CODE_ENDINGS = _words(
    "name info id is in new open run map zip link date today now page target style search int "
    "to at py call click data direct events fail fun host live media network read save select "
    "show start store stream support systems watch work zone dev prod play plus post press "
    "safe secure security star team tel tips trust app as be by do it me my no so us am md sh "
    "rs pl ps cc so tv cat channel world group email foundation bar bot build case chat "
    "coffee cool diy global help limited llc loan lock lol management market nexus one online "
    "photo pics place pub red rest review room school services shell site sky social space "
    "spot tab tools top total tube uno win you"
)
CODE_OBJECTS = _words(
    "os sys self this cls super logging logger log document window console process module "
    "exports system microsoft windows socket math json string str int time date datetime io "
    "np pd tf torch django flask numpy requests urllib http https subprocess ctypes threading "
    "random re struct event args kwargs ctx req res response request app obj object item data "
    "config settings array promise java javax user users dns source destination agent "
    "observer file host url rule threat client server session params node element el e i x y "
    "m s t fs path util utils location navigator screen form input field fields model models "
    "view views test tests spec cmd shell wscript package pkg net"
)
CODE_ROOTS = _words("self this cls os sys window document console module java javax dns event e o")
PACKAGE_ROOTS = _words("com org net io android androidx java javax kotlin")
MALWARE_PREFIXES = _words(
    "trojan backdoor worm win32 win64 w32 w64 w97m exploit ransom ransomware heur gen adware "
    "pua pup mal virus downloader dropper trojandownloader trojandropper trojanspy spyware "
    "riskware hacktool not-a-virus variant behaveslike js vbs html linux android osx macos "
    "msil troj tr bds elf unix packed malware suspicious"
)
PRODUCTS = _words(
    "node.js vue.js next.js nuxt.js react.js express.js angular.js ember.js backbone.js "
    "three.js d3.js nest.js moment.js chart.js discord.js electron.js socket.io asp.net "
    "vb.net ado.net ml.net paint.net json.net lucene.net .net spring.net co.kg co.ltd pty.ltd "
    "pvt.ltd system.io system.net java.io java.net microsoft.net foo.bar"
)
# Capitalised ends of a sentence that runs into the next: `found here.It was`.
JOINED_WORDS = _words("in is it so to no at be me my us as am by do la le de es et se")
NOT_AFTER_NUMBER = _words("am pm")

VERSION_WORDS = _words(
    "version versions versión versione versão версия ver v firmware build builds release "
    "releases rev revision patch hotfix update upgrade upgraded updated section sections sec "
    "chapter kapitel kap abschnitt fassung article clause annex annexe anhang absatz ziffer "
    "ziff sección seccion capítulo sezione seção раздел paragraph figure fig table tabelle "
    "oid rfc § §§ sp kb"
)
VERSION_LINKS = _words(
    "through to and or until bis und oder et ou à au from before prior than below above since "
    "after ab vor von de to: is - – , < > <= >="
)
VERSIONED_PRODUCTS = _words(
    "excel word powerpoint onenote "
    "chrome chromium firefox safari edge opera openssl openssh java jre jdk windows apache "
    "nginx php python perl ruby acrobat reader flash office outlook exchange fortios "
    "fortigate pan-os ios ipados android kernel tomcat confluence jira bitbucket splunk bios "
    "winrar 7-zip putty teamviewer anydesk zoom slack teams fortiproxy vmware esxi vcenter "
    "citrix adc netscaler sharepoint wordpress drupal joomla magento moveit ivanti sonicos "
    "junos nx-os big-ip gitlab jenkins phpmailer x-mailer thunderbird skype webex log4j "
    "struts spring weblogic coldfusion sdk .net framework internet explorer player pulse "
    "veeam zimbra roundcube screenconnect connectwise"
)
VERSION_AFTER = re.compile(
    r"(?i)\s*(?:,\s*)?(?:(?:and|or|und|oder|et|ou)\s+(?:later|earlier|older|newer|below|above|prior|"
    r"higher|lower|höher|älter|neuer|früher|antérieure?s?|ultérieure?s?|supérieure?s?)|"
    r"(?:release|build|firmware|beta|alpha|rc\d?|euro?s?|usd|chf|gbp)\b|[€$£])"
)

_CUES = {
    "ja3": r"ja3s?(?:[ _-]?(?:hash(?:es)?|digests?|md5|fingerprints?))?",
    "ja4": r"ja4[a-z]?",
    "imphash": r"imp[ _-]?hash(?:es)?|import[ _-]?hash(?:es)?",
    "secret": (
        r"(?:xor|rc4|aes|des|3des|rsa|cipher|encryption|decryption|private|public|session|hmac|api)"
        r"(?:[ _-](?:cipher|encryption))?[ _-]?keys?|salt|nonce"
    ),
    "ntlm": r"ntlm|nt[ _-]?hash|lm[ _-]?hash",
    "md5": r"md5(?:s|sums?|_?hash(?:es)?)?",
    "sha": r"sha-?_?(?:1|256|512|2)(?:sums?|_?hash(?:es)?)?",
    "asn": r"asns?|as[ _-]?numbers?",
    "mutex": r"mutex(?:e[sn]?)?(?:[ _-]?names?)?|mutants?",
    "user_agent": r"user[ _-]?agents?(?:[ _-]?strings?)?|http[ _-]?user[ _-]?agents?",
    "version": r"(?:product|file|software|agent|os|app)?[ _-]?versions?|firmware|build",
}
CUE = re.compile(
    r"(?i)(?<![a-z0-9])(?:"
    + "|".join(f"(?P<{key}>{words})" for key, words in _CUES.items())
    + r")(?![a-z0-9])"
)
