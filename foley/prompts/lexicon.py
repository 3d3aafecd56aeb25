"""What words mean: which class, tag, knob, pace or number of events each English word or phrase stands for.

Knobs go from 0 to 1, with 0.5 for what is usual of the class: `pitch` low to high, `tone` noise to tone, `brightness`
dark to bright, `loudness` quiet to loud, `density` sparse to dense, `tail` dry to long.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from foley.categories import Category

KNOBS = ("pitch", "tone", "brightness", "loudness", "density", "tail")
LOW, HIGH = 0.2, 0.8
LONGEST_PHRASE = 4  # words

DOG, STEP, GUN, KEY = Category.DogBark, Category.Footstep, Category.GunShot, Category.Keyboard
CAR, RAIN, COUGH = Category.MovingMotorVehicle, Category.Rain, Category.SneezeCough

# how surely a word names its class: `dog` less than `bark`, for a dog may also walk
CERTAIN, LIKELY, SOURCE, HINT, FAINT = 3.0, 2.0, 1.5, 1.0, 0.5


@dataclass(frozen=True)
class Meaning:
    """What a word or phrase stands for.

    `one` and `many`: it names an event of its class that can be counted, in the singular or plural. `place`: a room in
    which things sound. `only_with`: it means nothing unless the sentence is of this class. `per_class` replaces the
    meaning in sentences of some classes.
    """

    category: Category | None = None
    weight: float = 0.0
    one: bool = False
    many: bool = False
    tags: tuple[str, ...] = ()
    knobs: Mapping[str, float] = field(default_factory=dict)
    pace: str = ""
    temperature: float | None = None
    loop: bool = False
    filler: bool = False
    place: bool = False
    only_with: Category | None = None
    per_class: Mapping[Category, "Meaning"] = field(default_factory=dict)

    def within(self, category: Category | None) -> "Meaning | None":
        """What it means in a sentence of a class, or None where it means nothing there."""
        if self.only_with is not None and self.only_with is not category:
            return None
        return self.per_class.get(category, self) if category is not None else self


_CLASSES: tuple[tuple[Category, float, str], ...] = (
    (DOG, CERTAIN, "barking|dog bark|dogs barking|anmldog|woofing|yapping"),
    (DOG, SOURCE, "dog|dogs|hound|hounds|wolf|wolves|coyote|coyotes|canine"),
    (STEP, CERTAIN, "feethmn|feetmisc|footwork"),
    (STEP, LIKELY, "walk|walks|walking|walked|jog|jogs|jogging|sprinting|tiptoeing|strolling|marching|stomping"),
    (GUN, CERTAIN, "gunfire|gunmisc|gun fire|shooting"),
    (GUN, LIKELY, "gun|guns|firearm|firearms"),
    (KEY, CERTAIN, "typing|keyboard|keyboards|cmptkey|types|typist"),
    (CAR, CERTAIN, "vehmisc|vehcar|motor car|motor vehicle|car engine|traffic"),
    (CAR, LIKELY, "car|cars|vehicle|vehicles|engine|engines|automobile|driving|driveby|drive by"),
    (CAR, LIKELY, "motor|motors|van|suv|taxi"),
    (RAIN, CERTAIN, "rain|raining|rainfall|rains|raindrops|raindrop|rainstorm|rainy"),
    (COUGH, CERTAIN, "coughing and sneezing|hmnmisc"),
)

# countable events: singular, plural, and how surely they name the class
_EVENTS: tuple[tuple[Category, float, str, str], ...] = (
    (DOG, CERTAIN, "bark|woof|yap|dog bark", "barks|woofs|yaps|dog barks"),
    (STEP, CERTAIN, "step|footstep|footfall|foot step", "steps|footsteps|footfalls|foot steps"),
    (STEP, HINT, "stomp", "stomps"),
    (GUN, CERTAIN, "gunshot|gun shot", "gunshots|gun shots"),
    (GUN, LIKELY, "shot", "shots"),
    (GUN, HINT, "blast", "blasts"),
    (GUN, FAINT, "bang|round", "bangs|rounds"),
    (
        KEY,
        CERTAIN,
        "keystroke|keypress|key press|key stroke|key click",
        "keystrokes|keypresses|key presses|key strokes",
    ),
    (KEY, FAINT, "click|clack|tap|press", "clicks|clacks|taps|presses"),
    (COUGH, CERTAIN, "cough", "coughs"),
    (COUGH, CERTAIN, "sneeze|achoo", "sneezes"),
)

# tags: what a recording's own metadata may say; beside each the words that mean it, and the class that they speak for
_TAGS: tuple[tuple[str, str, Category | None, float], ...] = (
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
    ("pistol", "pistol|pistols|handgun|handguns|glock|colt|beretta|gunpis|sidearm", GUN, LIKELY),
    ("revolver", "revolver|revolvers|magnum|six shooter", GUN, LIKELY),
    ("rifle", "rifle|rifles|ak 47|ak|m 4|m 16|carbine|gunrif|assault rifle", GUN, LIKELY),
    ("shotgun", "shotgun|shotguns|gunshotg|pump action shotgun", GUN, LIKELY),
    ("machine gun", "machine gun|machine guns|machinegun|minigun|submachine gun|smg|uzi|gunauto", GUN, LIKELY),
    ("machine gun", "machine gun fire|submachine gun fire", GUN, CERTAIN),
    ("rifle", "rifle fire", GUN, CERTAIN),
    ("pistol", "pistol fire", GUN, CERTAIN),
    ("sniper", "sniper|sniper rifle|snipers", GUN, LIKELY),
    ("musket", "musket|flintlock|blunderbuss|gunantq", GUN, LIKELY),
    ("suppressed", "suppressed|silenced|silencer|suppressor|gunsupr", GUN, FAINT),
    ("mechanical", "mechanical|clicky|switch|switches|clacky", None, 0),
    ("laptop", "laptop|macbook|notebook computer", KEY, HINT),
    ("typewriter", "typewriter|typewriters", KEY, LIKELY),
    ("idle", "idle|idling|idles|ticking over|tick over", None, 0),
    ("truck", "truck|trucks|lorry|lorries|pickup truck|vehtrck", CAR, LIKELY),
    ("motorcycle", "motorcycle|motorcycles|motorbike|motorbikes|moped|scooter|vehmoto", CAR, LIKELY),
    ("bus", "bus|buses|coach|vehbus", CAR, LIKELY),
    ("diesel", "diesel", CAR, HINT),
    ("racing", "racing|race|racing car|race car|sports car|formula one|vehrace", CAR, HINT),
    ("passing", "passing by|pass by|passing|passes|passes by|drives past|driving past|passby|pass|goes by", None, 0),
    (
        "accelerating",
        "accelerating|accelerates|accelerate|pulling away|pulls away|driving away|drives away|revving",
        CAR,
        HINT,
    ),
    ("braking", "braking|brakes|decelerating|skidding", CAR, HINT),
    ("starting", "starting up|ignition|start up|starting engine", None, 0),
    ("thunder", "thunder|with thunder", RAIN, FAINT),
    ("thunder", "thunderstorm|thunderstorms", RAIN, HINT),
    ("heavy", "downpour|torrential|pouring|heavy rain|heavy rainfall|driving rain|hard rain|cloudburst", RAIN, CERTAIN),
    ("light", "drizzle|drizzling|light rain|gentle rain|soft rain|light rainfall|sprinkle", RAIN, CERTAIN),
    ("roof", "roof|rooftop", None, 0),
    ("window", "window|windows|windowpane|windshield|windscreen|rainglas", None, 0),
    ("tent", "tent|canvas|rainclth", None, 0),
    ("umbrella", "umbrella|umbrellas", None, 0),
    ("puppy", "puppy|puppies|pup", DOG, SOURCE),
    ("whine", "whine|whines|whining|whimper|whimpers|whimpering", DOG, FAINT),
    ("cough", "coughing|coughed|hmncough", COUGH, CERTAIN),
    ("sneeze", "sneezing|sneezed|hmnsneez", COUGH, CERTAIN),
    ("man", "man|men|male|guy|gentleman", None, 0),
    ("woman", "woman|women|female|lady|girl", None, 0),
    ("child", "child|children|kid|kids|boy|baby|toddler", None, 0),
    ("indoors", "indoors|indoor|interior|inside|rainint", None, 0),
    ("outdoors", "outdoors|outdoor|exterior|outside", None, 0),
    ("wet", "wet", None, 0),
)
# events that are also tags
_EVENT_TAGS: tuple[tuple[str, str, str, Category, float], ...] = (
    ("burst", "burst", "bursts", GUN, HINT),
    ("growl", "growl", "growls|growling|growls", DOG, HINT),
    ("howl", "howl", "howls|howling", DOG, FAINT),
    ("yip", "yip|yelp", "yips|yelps|yipping|yelping", DOG, HINT),
)

_KNOBS: tuple[tuple[str, float, str], ...] = (
    ("pitch", LOW, "low|lower|deep|deeper|low pitched|lower pitched|bassy|bass|low pitch"),
    ("pitch", HIGH, "high|higher|high pitched|higher pitched|shrill|squeaky|high pitch"),
    ("tone", LOW, "noisy|noisier|hissy|raspy|breathy|rough|rougher"),
    ("tone", HIGH, "tonal|melodic|whistling|pitched|pure"),
    ("brightness", LOW, "dark|darker|dull|duller|muffled|warm|warmer|mellow"),
    ("brightness", HIGH, "bright|brighter|crisp|crisper|sharp|sharper|tinny|trebly"),
    ("loudness", LOW, "quiet|quietly|soft|softly|faint|faintly|gentle|gently|light|lightly|low volume"),
    ("loudness", HIGH, "loud|loudly|strong|powerful|hard|high volume|forceful"),
    ("density", LOW, "sparse|sparser|sparsely|scattered|occasional|sporadic|spread out"),
    ("density", HIGH, "dense|denser|busy|busier|crowded|packed"),
    ("tail", LOW, "dry|drier|short|shorter|tight|anechoic|no tail|short tail"),
    ("tail", HIGH, "reverberant|echoing|echoey|reverb|reverberation|echo|echoes|echoed|long tail|longer tail|boomy"),
)
_PLACES = "hall|cathedral|church|tunnel|cave|canyon|corridor|hallway|stairwell|warehouse"
_FAR = "far away|far off|distant|distance|in the distance|from a distance|from afar|far|faraway|a long way off"
_CLOSE = "close|close up|nearby|up close|closeup|close mic|close miked"

_PACES = (
    ("slow", "slow|slowly|leisurely|unhurried|slower"),
    ("fast", "fast|quick|quickly|rapid|rapidly|hurried|brisk|briskly|faster|quicker|hasty"),
)
_TEMPERATURES = (
    (1.25, "strange|weird|unusual|odd|surreal|experimental|bizarre|unexpected"),
    (0.7, "usual|ordinary|typical|normal|plain|standard|conventional"),
)
_LOOPS = (
    "loop|looping|looped|loops|loopable|seamless|seamlessly|seamless loop|loop seamlessly|looping seamlessly|"
    "loops seamlessly|seamlessly looping|gapless"
)

_FILLERS = frozenset(
    [
        "a",
        "an",
        "the",
        "this",
        "that",
        "these",
        "those",
        "it",
        "its",
        "it's",
        "i",
        "i'm",
        "i'd",
        "we",
        "you",
        "he",
        "she",
        "they",
        "my",
        "your",
        "his",
        "her",
        "their",
        "our",
        "me",
        "us",
        "is",
        "are",
        "be",
        "was",
        "were",
        "being",
        "am",
        "has",
        "have",
        "had",
        "having",
        "do",
        "does",
        "did",
        "can",
        "could",
        "would",
        "will",
        "should",
        "must",
        "may",
        "might",
        "shall",
        "of",
        "on",
        "in",
        "with",
        "from",
        "to",
        "at",
        "by",
        "for",
        "as",
        "into",
        "onto",
        "upon",
        "through",
        "across",
        "along",
        "over",
        "under",
        "against",
        "behind",
        "near",
        "beside",
        "around",
        "between",
        "and",
        "but",
        "while",
        "when",
        "during",
        "then",
        "so",
        "there",
        "here",
        "again",
        "also",
        "too",
        "just",
        "only",
        "please",
        "some",
        "any",
        "anyone",
        "someone",
        "somebody",
        "anybody",
        "person",
        "people",
        "who",
        "which",
        "what",
        "where",
        "need",
        "needs",
        "want",
        "wants",
        "wanted",
        "looking",
        "search",
        "searching",
        "after",
        "give",
        "make",
        "makes",
        "made",
        "making",
        "generate",
        "create",
        "produce",
        "get",
        "got",
        "hear",
        "heard",
        "hearing",
        "hears",
        "play",
        "plays",
        "record",
        "recorded",
        "recording",
        "recordings",
        "sound",
        "sounds",
        "sounding",
        "noise",
        "effect",
        "effects",
        "sfx",
        "fx",
        "audio",
        "clip",
        "clips",
        "sample",
        "file",
        "foley",
        "like",
        "wav",
        "wave",
        "aif",
        "aiff",
        "mp3",
        "flac",
        "ogg",
        "m4a",
        "s",
        "least",
        "about",
        "around",
        "approximately",
        "roughly",
        "exactly",
        "up",
        "down",
        "away",
        "lots",
        "lot",
        "plenty",
        "full",
        "few-of",
        "floor",
        "ground",
        "surface",
        "pace",
        "speed",
        "style",
        "kind",
        "type",
        "sort",
        "perspective",
        "long",
        "lasting",
        "going",
        "hello",
        "hi",
        "thanks",
        "thank",
        "either",
        "each",
        "every",
        "all",
        "both",
        "one's",
        "them",
        "ones",
        "down",
        "off",
        "out",
        "hit",
        "version",
        "step-by",
        "something",
    ]
)
PREPOSITIONS = frozenset(
    [
        "on",
        "in",
        "at",
        "through",
        "under",
        "inside",
        "into",
        "near",
        "behind",
        "over",
        "by",
        "against",
        "from",
        "during",
        "while",
        "as",
        "and",
        "outside",
        "beside",
        "across",
        "along",
        "onto",
        "upon",
        "beneath",
        "around",
    ]
)
PERSONS = frozenset(
    [
        "man",
        "woman",
        "men",
        "women",
        "person",
        "people",
        "male",
        "female",
        "child",
        "kid",
        "boy",
        "girl",
        "guy",
        "lady",
        "somebody",
    ]
)

DEGREES: dict[str, float] = {  # how far from the middle a word goes that follows
    **dict.fromkeys(
        ["very", "really", "extremely", "super", "ultra", "incredibly", "so", "much", "far", "a lot", "way", "highly"],
        1.5,
    ),
    **dict.fromkeys(
        ["slightly", "a bit", "a little", "a little bit", "a touch", "somewhat", "mildly", "kind of", "sort of", "bit"],
        0.5,
    ),
    **dict.fromkeys(["quite", "rather", "fairly", "pretty"], 1.0),
}
LOUDER = {"louder": 6.0, "quieter": -6.0, "softer": -6.0, "fainter": -6.0, "stronger": 6.0, "twice as loud": 10.0}
NEGATIONS = frozenset({"no", "not", "without", "never", "minus", "don't", "doesn't", "isn't", "nor", "non"})
ORDINALS = frozenset(
    ["second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "last", "first", "final"]
)
MULTIPLES = {"single": 1, "double": 2, "triple": 3, "quadruple": 4}
VAGUE_COUNTS = {"a few": 3, "several": 4}  # named as taken so: nobody said how many
COUNT_WORDS = {"once": 1, "twice": 2, "thrice": 3}
FOREIGN_UNITS = frozenset(
    [
        "mph",
        "kmh",
        "kph",
        "km",
        "khz",
        "hz",
        "mm",
        "cm",
        "m",
        "meters",
        "metres",
        "feet",
        "ft",
        "bit",
        "bits",
        "kbps",
        "lufs",
        "db",
        "dbfs",
        "rpm",
        "cal",
        "caliber",
        "percent",
        "%",
    ]
)


def _phrases(text: str) -> Iterable[str]:
    return text.split("|")


def _build() -> dict[str, Meaning]:
    table: dict[str, Meaning] = {}

    def add(phrases: str, meaning: Meaning) -> None:
        for phrase in _phrases(phrases):
            table[phrase] = meaning

    for word in (*_FILLERS, "mp 3", "m 4 a"):
        add(word, Meaning(filler=True))
    for knob, value, phrases in _KNOBS:
        add(phrases, Meaning(knobs={knob: value}))
    add(_PLACES, Meaning(knobs={"tail": HIGH}, place=True))
    add(_FAR, Meaning(knobs={"loudness": LOW, "brightness": 0.35}))
    add(_CLOSE, Meaning(knobs={"loudness": 0.65, "tail": LOW}))
    for pace, phrases in _PACES:
        add(phrases, Meaning(pace=pace))
    for temperature, phrases in _TEMPERATURES:
        add(phrases, Meaning(temperature=temperature))
    add(_LOOPS, Meaning(loop=True))
    for category, weight, phrases in _CLASSES:
        add(phrases, Meaning(category=category, weight=weight))
    for tag, phrases, category, weight in _TAGS:
        add(phrases, Meaning(category=category, weight=weight, tags=(tag,)))
    for category, weight, one, many in _EVENTS:
        add(one, Meaning(category=category, weight=weight, one=True))
        add(many, Meaning(category=category, weight=weight, many=True))
    for tag, one, many, category, weight in _EVENT_TAGS:
        add(one, Meaning(category=category, weight=weight, one=True, tags=(tag,)))
        add(many, Meaning(category=category, weight=weight, many=True, tags=(tag,)))
    for word in ("cough", "coughs", "sneeze", "sneezes"):
        table[word] = replace(table[word], tags=(word.rstrip("s"),))
    table["achoo"] = replace(table["achoo"], tags=("sneeze",))
    _add_exceptions(table, add)
    return table


def _add_exceptions(table: dict[str, Meaning], add) -> None:
    """Words that mean different things in sentences of different classes."""
    running = Meaning(category=STEP, weight=LIKELY, pace="fast")
    add("run|runs|running|sprint", replace(running, weight=HINT, per_class={CAR: Meaning(filler=True)}))
    add("running", replace(running, per_class={CAR: Meaning(filler=True)}))
    for word in ("jog", "jogs", "jogging", "sprinting"):
        table[word] = replace(running)
    for word in ("tiptoeing",):
        table[word] = replace(table[word], pace="slow", knobs={"loudness": LOW})
    for word in ("stomp", "stomps", "stomping"):
        table[word] = replace(table[word], knobs={"loudness": HIGH})
    add("engine running|engine idling and running", Meaning(category=CAR, weight=LIKELY))
    add("engine idling|engine idle", Meaning(category=CAR, weight=LIKELY, tags=("idle",)))
    loud, quiet, low = (
        Meaning(knobs={"loudness": HIGH}),
        Meaning(knobs={"loudness": LOW}),
        Meaning(knobs={"pitch": LOW}),
    )
    heavy, light = Meaning(tags=("heavy",)), Meaning(tags=("light",))
    add("heavy|heavily", replace(low, per_class={RAIN: heavy, KEY: loud, COUGH: loud}))
    add("light|lightly", replace(quiet, per_class={RAIN: light}))
    add("gentle|gently", replace(quiet, per_class={RAIN: light}))
    add("hard|strong", replace(loud, per_class={RAIN: heavy}))
    add("dry", Meaning(knobs={"tail": LOW}, per_class={COUGH: Meaning(tags=("dry",))}))
    add("big|large|huge|giant", replace(low, per_class={COUGH: loud}))
    add("small|tiny", Meaning(knobs={"pitch": HIGH}, per_class={COUGH: quiet}))
    add("key|keys|firing|fires|fired|fire", Meaning(filler=True))
    for word in ("firing", "fires", "fired", "fire"):
        table[word] = Meaning(filler=True, only_with=GUN)
    for word in ("key", "keys"):
        table[word] = Meaning(filler=True, only_with=KEY)
    add("road", Meaning(filler=True, only_with=CAR))
    for word, tag in (("rainmetl", "metal"), ("rainvege", "leaves"), ("rainconc", "stone"), ("rainwood", "wood")):
        add(word, Meaning(category=RAIN, weight=CERTAIN, tags=(tag,)))
    for word in ("rainglas", "rainclth", "rainint"):
        table[word] = replace(table[word], category=RAIN, weight=CERTAIN)
    add("rainplas|rainwatr", Meaning(category=RAIN, weight=CERTAIN))
    add("thunder", Meaning(category=RAIN, weight=FAINT, tags=("thunder",)))
    add("quiet", Meaning(knobs={"loudness": LOW}))


LEXICON = _build()
# things whose names hold a word of ours, and which are something else
NOT_OURS = frozenset(
    {
        "running water", "water running", "howling wind", "piano keyboard", "midi keyboard", "music keyboard",
        "running tap", "dog tag", "hot dog", "key ring", "car keys", "car horn", "car door", "car alarm", "nail gun",
        "glue gun", "water gun", "screen shot", "camera shot", "tree bark", "train engine", "jet engine", "race track",
    }
)  # fmt: skip
