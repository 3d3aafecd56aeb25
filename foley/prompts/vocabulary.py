"""The words themselves: tables of English words and phrases, and what each row stands for.

Phrases that mean the same stand in one string, parted by bars. `lexicon` makes meanings of them.
"""

# ruff: noqa: SIM905 (lists of words are read more easily as sentences)

from foley.categories import Category

DOG, STEP, GUN, KEY = Category.DogBark, Category.Footstep, Category.GunShot, Category.Keyboard
CAR, RAIN, COUGH = Category.MovingMotorVehicle, Category.Rain, Category.SneezeCough

LOW, HIGH = 0.2, 0.8  # of a knob, for a plain adjective
FAR_BRIGHTNESS, CLOSE_LOUDNESS = 0.35, 0.65

# how surely a word names its class: `dog` less than `bark`, for a dog may also walk
CERTAIN, LIKELY, SOURCE, HINT, FAINT = 3.0, 2.0, 1.5, 1.0, 0.5

# fmt: off
CLASSES: tuple[tuple[Category, float, str], ...] = (
    (DOG, CERTAIN, "barking|dog bark|dogs barking|anmldog|woofing|yapping"),
    (DOG, SOURCE, "dog|dogs|hound|hounds|wolf|wolves|coyote|coyotes|canine"),
    (STEP, CERTAIN, "feethmn|feetmisc|footwork"),
    (STEP, LIKELY, "walk|walks|walking|walked|strolling|marching"),
    (GUN, CERTAIN, "gunfire|gunmisc|gun fire|shooting"),
    (GUN, LIKELY, "gun|guns|firearm|firearms"),
    (KEY, CERTAIN, "typing|keyboard|keyboards|cmptkey|types|typist"),
    (CAR, CERTAIN, "vehmisc|vehcar|motor car|motor vehicle|car engine|traffic"),
    (CAR, LIKELY, "car|cars|vehicle|vehicles|engine|engines|automobile|driving|driveby|drive by"),
    (CAR, LIKELY, "motor|motors|van|suv|taxi|engine running"),
    (RAIN, CERTAIN, "rain|raining|rainfall|rains|raindrops|raindrop|rainstorm|rainy|rainplas|rainwatr"),
    (COUGH, CERTAIN, "coughing and sneezing|hmnmisc"),
)

# countable events: singular, plural, and how surely they name the class
EVENTS: tuple[tuple[Category, float, str, str], ...] = (
    (DOG, CERTAIN, "bark|woof|yap|dog bark", "barks|woofs|yaps|dog barks"),
    (STEP, CERTAIN, "step|footstep|footfall|foot step", "steps|footsteps|footfalls|foot steps"),
    (GUN, CERTAIN, "gunshot|gun shot", "gunshots|gun shots"),
    (GUN, LIKELY, "shot", "shots"),
    (GUN, HINT, "blast", "blasts"),
    (GUN, FAINT, "bang|round", "bangs|rounds"),
    (KEY, CERTAIN, "keystroke|keypress|key press|key click", "keystrokes|keypresses|key presses|key strokes"),
    (KEY, LIKELY, "spacebar|space bar|enter key|return key|backspace key", "spacebars|enter keys|return keys"),
    (KEY, FAINT, "click|clack|tap|press", "clicks|clacks|taps|presses"),
)

# tags: what a recording's own metadata may say; beside each the words that mean it, and the class that they speak for
TAGS: tuple[tuple[str, str, Category | None, float], ...] = (
    ("gravel", "gravel|gravelly|pebbles|shingle|stones", None, 0),
    ("wood", "wood|wooden|floorboards|floorboard|parquet|hardwood|planks|timber|wood floor|wooden floor", None, 0),
    ("metal", "metal|metallic|steel|iron|grating|metal catwalk|catwalk|tin|metal grate", None, 0),
    ("dirt", "dirt|soil|earth|dry soil|dry dirt|dry earth|dirt road", None, 0),
    ("grass", "grass|lawn|meadow|dry grass", None, 0),
    ("snow", "snow|snowy", None, 0),
    ("sand", "sand|sandy|beach|dry sand", None, 0),
    ("stone", "stone|concrete|pavement|marble|tile|tiles|tiled|asphalt|cobblestones|cobbles|rock|sidewalk", None, 0),
    ("water", "splashing|splash|splashy|puddle|puddles|shallow water|wading", None, 0),
    ("mud", "mud|muddy|swamp", None, 0),
    ("carpet", "carpet|carpeted|rug", None, 0),
    ("leaves", "leaves|leaf|dry leaves|dry leaf|foliage|leafy", None, 0),
    ("ice", "ice|icy", None, 0),
    ("barefoot", "barefoot|bare feet|bare foot", STEP, HINT),
    ("boots", "boots|boot", STEP, HINT),
    ("heels", "heels|high heels|stilettos", STEP, HINT),
    ("sneakers", "sneakers|trainers", STEP, HINT),
    ("stairs", "stairs|staircase|stairway|steps up|stairwell", None, 0),
    ("pistol", "pistol|pistols|handgun|handguns|glock|colt|beretta|gunpis|sidearm|desert eagle|walther", GUN, LIKELY),
    ("revolver", "revolver|revolvers|magnum|six shooter", GUN, LIKELY),
    ("rifle", "rifle|rifles|ak 47|ak 74|ak|ar 15|m 4|m 14|m 16|carbine|gunrif|assault rifle|winchester", GUN, LIKELY),
    ("shotgun", "shotgun|shotguns|gunshotg|pump action shotgun", GUN, LIKELY),
    ("machine gun", "machine gun|machine guns|machinegun|minigun|submachine gun|smg|uzi|gunauto", GUN, LIKELY),
    ("machine gun", "mp 5|mp 40|m 60|m 249|mg 42|pkm|tommy gun", GUN, LIKELY),
    ("machine gun", "machine gun fire|submachine gun fire", GUN, CERTAIN),
    ("rifle", "rifle fire", GUN, CERTAIN),
    ("pistol", "pistol fire", GUN, CERTAIN),
    ("sniper", "sniper|sniper rifle|snipers", GUN, LIKELY),
    ("musket", "musket|flintlock|blunderbuss|gunantq", GUN, LIKELY),
    ("suppressed", "suppressed|silenced|silencer|suppressor|gunsupr", GUN, FAINT),
    ("mechanical", "mechanical|clicky|switch|switches|clacky", None, 0),
    ("laptop", "laptop|macbook|notebook computer", KEY, HINT),
    ("typewriter", "typewriter|typewriters", KEY, LIKELY),
    ("idle", "engine idling|engine idle", CAR, LIKELY),
    ("idle", "idle|idling|idles|ticking over|tick over", None, 0),
    ("truck", "truck|trucks|lorry|lorries|pickup truck|vehtrck", CAR, LIKELY),
    ("motorcycle", "motorcycle|motorcycles|motorbike|motorbikes|moped|scooter|vehmoto", CAR, LIKELY),
    ("bus", "bus|buses|coach|vehbus", CAR, LIKELY),
    ("diesel", "diesel", CAR, HINT),
    ("racing", "racing|racing car|race car|sports car|formula one|vehrace", CAR, HINT),
    ("passing", "passing by|pass by|passing|passes|passes by|drives past|driving past|passby|pass|goes by", None, 0),
    ("passing", "drives by|driving by|drove by|drove past|drive past|goes past|going past|rolls by", CAR, SOURCE),
    ("accelerating", "accelerating|accelerates|accelerate|revving|rev|revs", CAR, HINT),
    ("accelerating", "pulling away|pulls away|driving away|drives away", CAR, HINT),
    ("braking", "braking|brakes|decelerating|skidding", CAR, HINT),
    ("starting", "starting up|ignition|start up|starting engine", None, 0),
    ("thunder", "thunder", RAIN, FAINT),
    ("thunder", "thunderstorm|thunderstorms", RAIN, HINT),
    ("heavy", "downpour|torrential|pouring|heavy rain|heavy rainfall|driving rain|hard rain|cloudburst", RAIN, CERTAIN),
    ("metal", "rainmetl", RAIN, CERTAIN),
    ("leaves", "rainvege", RAIN, CERTAIN),
    ("stone", "rainconc", RAIN, CERTAIN),
    ("wood", "rainwood", RAIN, CERTAIN),
    ("window", "rainglas", RAIN, CERTAIN),
    ("tent", "rainclth", RAIN, CERTAIN),
    ("indoors", "rainint", RAIN, CERTAIN),
    ("light", "drizzle|drizzling|light rain|gentle rain|soft rain|light rainfall|sprinkle", RAIN, CERTAIN),
    ("roof", "roof|rooftop", None, 0),
    ("window", "window|windows|windowpane|windshield|windscreen", None, 0),
    ("tent", "tent|canvas", None, 0),
    ("umbrella", "umbrella|umbrellas", None, 0),
    ("puppy", "puppy|puppies|pup", DOG, SOURCE),
    ("whine", "whine|whines|whining|whimper|whimpers|whimpering", DOG, FAINT),
    ("cough", "coughing|coughed|hmncough", COUGH, CERTAIN),
    ("sneeze", "sneezing|sneezed|hmnsneez", COUGH, CERTAIN),
    ("man", "man|men|male|guy|gentleman", None, 0),
    ("woman", "woman|women|female|lady|girl", None, 0),
    ("child", "child|children|kid|kids|boy|baby|toddler", None, 0),
    ("indoors", "indoors|indoor|interior|inside|int", None, 0),
    ("outdoors", "outdoors|outdoor|exterior|outside|ext", None, 0),
    ("wet", "wet", None, 0),
)
# events that are also tags
EVENT_TAGS: tuple[tuple[str, str, str, Category, float], ...] = (
    ("burst", "burst", "bursts", GUN, HINT),
    ("growl", "growl", "growls|growling", DOG, HINT),
    ("howl", "howl", "howls|howling", DOG, FAINT),
    ("cough", "cough", "coughs", COUGH, CERTAIN),
    ("sneeze", "sneeze|achoo", "sneezes", COUGH, CERTAIN),
    ("yip", "yip|yelp", "yips|yelps|yipping|yelping", DOG, HINT),
)

KNOBS: tuple[tuple[str, float, str], ...] = (
    ("pitch", LOW, "low|lower|deep|deeper|low pitched|lower pitched|bassy|bass|low pitch"),
    ("pitch", HIGH, "high|higher|high pitched|higher pitched|shrill|squeaky|high pitch"),
    ("tone", LOW, "noisy|noisier|hissy|raspy|breathy|rough|rougher"),
    ("tone", HIGH, "tonal|melodic|whistling|pitched|pure"),
    ("brightness", LOW, "dark|darker|dull|duller|muffled|warm|warmer|mellow"),
    ("brightness", HIGH, "bright|brighter|crisp|crisper|sharp|sharper|tinny|trebly"),
    ("loudness", LOW, "quiet|quietly|soft|softly|faint|faintly|low volume"),
    ("loudness", HIGH, "loud|loudly|powerful|high volume|forceful"),
    ("density", LOW, "sparse|sparser|sparsely|scattered|occasional|sporadic|spread out"),
    ("density", HIGH, "dense|denser|busy|busier|crowded|packed"),
    ("tail", LOW, "drier|short|shorter|tight|anechoic|no tail|short tail"),
    ("tail", HIGH, "reverberant|echoing|echoey|reverb|reverberation|echo|echoes|echoed|long tail|longer tail|boomy"),
    ("tail", HIGH, "reverb tail|reverberant tail|echo tail|long reverb|long reverb tail|long echo"),
)
PLACES = "hall|cathedral|church|tunnel|cave|canyon|corridor|hallway|stairwell|warehouse"
FAR = "far away|far off|distant|distance|in the distance|from a distance|from afar|far|faraway|a long way off"
CLOSE = "close|close up|nearby|up close|closeup|close mic|close miked"

PACES = (
    ("slow", "slow|slowly|leisurely|unhurried|slower"),
    ("fast", "fast|quick|quickly|rapid|rapidly|hurried|brisk|briskly|faster|quicker|hasty"),
)
TEMPERATURES = (
    (1.25, "strange|weird|unusual|odd|surreal|experimental|bizarre|unexpected"),
    (0.7, "usual|ordinary|typical|normal|plain|standard|conventional"),
)
FILE_ENDINGS = "mp 3|m 4 a"  # other endings are words
LOOPS = (
    "loop|looping|looped|loops|loopable|seamless|seamlessly|seamless loop|loop seamlessly|looping seamlessly|"
    "loops seamlessly|seamlessly looping|gapless"
)

FILLERS = frozenset(
    """a an the this that these those it its it's i i'm i'd we you he she they my your his her their our me us
    is are be was were being am has have had having do does did can could would will should must may might shall
    of on in with from to at by for as into onto upon through across along over under against behind near beside around
    between and but while when during then so there here again also too just only please some any anyone someone
    somebody anybody person people who which what where need needs want wants wanted looking search searching after
    give make makes made making generate create produce get got hear heard hearing hears play plays record recorded
    recording recordings sound sounds sounding noise effect effects sfx fx audio clip clips sample file foley like
    wav wave aif aiff flac ogg s least about around approximately roughly exactly up down away lots lot plenty
    full floor ground surface pace speed style kind type sort perspective long lasting going hello hi thanks
    thank either each every all both one's them ones down off out hit version something
    """.split()
)
PREPOSITIONS = frozenset(
    "on in at through under inside into near behind over by against from during while as and outside beside across "
    "along onto upon beneath around".split()
)
PERSONS = frozenset("man woman men women person people male female child kid boy girl guy lady somebody".split())

DEGREES: dict[str, float] = {  # how far from the middle a word goes that follows
    **dict.fromkeys("very|really|extremely|super|ultra|incredibly|so|much|far|a lot|way|highly".split("|"), 1.5),
    **dict.fromkeys(
        "slightly|a bit|a little|a little bit|a touch|somewhat|mildly|kind of|sort of|bit".split("|"), 0.5
    ),
    **dict.fromkeys("quite|rather|fairly|pretty".split("|"), 1.0),
}
LOUDER = {"louder": 6.0, "quieter": -6.0, "softer": -6.0, "fainter": -6.0, "stronger": 6.0, "twice as loud": 10.0}
NEGATIONS = frozenset({"no", "not", "less", "without", "never", "minus", "don't", "doesn't", "isn't", "nor", "non"})
ORDINALS = frozenset("second third fourth fifth sixth seventh eighth ninth tenth last first final".split())
MULTIPLES = {"single": 1, "double": 2, "triple": 3, "quadruple": 4}
VAGUE_COUNTS = {"a few": 3, "several": 4}  # named as taken so: nobody said how many
MAKES = frozenset("glock colt beretta walther magnum winchester".split())  # a number after one belongs to its name
COUNT_WORDS = {"once": 1, "twice": 2, "thrice": 3}
FOREIGN_UNITS = frozenset(
    "mph kmh kph km khz hz mm cm m meters metres feet ft bit bits kbps lufs db dbfs rpm cal caliber percent %".split()
)
# things whose names hold a word of ours, and which are something else
NOT_OURS = frozenset(
    {
        "running water", "water running", "howling wind", "piano keyboard", "midi keyboard", "music keyboard",
        "running tap", "dog tag", "hot dog", "key ring", "car keys", "car horn", "car door", "car alarm", "nail gun",
        "glue gun", "water gun", "screen shot", "camera shot", "tree bark", "train engine", "jet engine", "race track",
        "traffic light", "traffic lights", "street light", "street lights", "light switch", "light bulb", "red light",
        "soft drink", "hard drive", "hard drives", "hard disk",
    }
)  # fmt: skip
