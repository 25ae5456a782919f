/* Splitting text into terms, as programmers write words, and the bag of words of a document. */
#include "words/words.h"

/* ---- Characters ------------------------------------------------------------------------------------------------ */

enum { SEPARATOR, NEWLINE, LOWER, UPPER, DIGIT, UNDERSCORE, HIGH };

static const uint8_t CLASS[256] = {
    ['\n'] = NEWLINE, ['_'] = UNDERSCORE,
#define D(c) [c] = DIGIT
    D('0'), D('1'), D('2'), D('3'), D('4'), D('5'), D('6'), D('7'), D('8'), D('9'),
#undef D
#define L(c) [c] = LOWER, [c - 32] = UPPER
    L('a'), L('b'), L('c'), L('d'), L('e'), L('f'), L('g'), L('h'), L('i'), L('j'), L('k'), L('l'), L('m'),
    L('n'), L('o'), L('p'), L('q'), L('r'), L('s'), L('t'), L('u'), L('v'), L('w'), L('x'), L('y'), L('z'),
#undef L
#define H8(b) [b] = HIGH, [b + 1] = HIGH, [b + 2] = HIGH, [b + 3] = HIGH, [b + 4] = HIGH, [b + 5] = HIGH, \
              [b + 6] = HIGH, [b + 7] = HIGH
    H8(0x80), H8(0x88), H8(0x90), H8(0x98), H8(0xA0), H8(0xA8), H8(0xB0), H8(0xB8),
    H8(0xC0), H8(0xC8), H8(0xD0), H8(0xD8), H8(0xE0), H8(0xE8), H8(0xF0), H8(0xF8),
#undef H8
};

/* Decodes one multi-byte character; returns its length, or 0 when the bytes are not UTF-8. */
static size_t decode(const uint8_t *at, size_t left, uint32_t *scalar)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : at[0] >= 0xC2 ? 2 : 0;
    if (length == 0 || length > left)
        return 0;
    uint32_t value = at[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (at[i] & 0x3F);
    }
    *scalar = value;
    return value < least[length] || value > 0x10FFFF ? 0 : length;
}

enum { NOT_A_LETTER, LETTER, IDEOGRAPH };

/* Blocks of punctuation and symbols are no letters; scripts without spaces give one word a character. */
static int kind_of(uint32_t scalar)
{
    if (scalar < 0xC0)
        return scalar == 0xAA || scalar == 0xB5 || scalar == 0xBA ? LETTER : NOT_A_LETTER;
    if (scalar == 0xD7 || scalar == 0xF7 || (scalar >= 0x2000 && scalar < 0x2C00))
        return NOT_A_LETTER;
    if ((scalar >= 0x3000 && scalar < 0x3040) || (scalar >= 0xE000 && scalar < 0xF900))
        return NOT_A_LETTER;
    if ((scalar >= 0xFE00 && scalar < 0xFE70) || (scalar >= 0xFF00 && scalar < 0xFF10) || scalar >= 0xFFF0)
        return scalar >= 0x20000 && scalar < 0x32000 ? IDEOGRAPH : NOT_A_LETTER;
    if ((scalar >= 0x3040 && scalar < 0xA000) || (scalar >= 0xAC00 && scalar < 0xD7B0))
        return IDEOGRAPH;
    return LETTER;
}

/* Lower case of the two-byte alphabets that have it at a fixed distance. Both forms take two bytes. */
static uint32_t lower_scalar(uint32_t c)
{
    if ((c >= 0xC0 && c <= 0xDE) || (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F))
        return c == 0xD7 ? c : c + 32;
    if (c >= 0x400 && c <= 0x40F)
        return c + 80;
    return c;
}

static size_t lower_into(uint8_t *out, const uint8_t *at, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        uint32_t scalar;
        if (CLASS[at[i]] == UPPER) {
            out[i] = at[i] + 32;
        } else if (at[i] >= 0xC3 && at[i] <= 0xD0 && decode(at + i, length - i, &scalar) == 2) {
            scalar = lower_scalar(scalar);
            out[i] = (uint8_t)(0xC0 | scalar >> 6);
            out[i + 1] = (uint8_t)(0x80 | (scalar & 0x3F));
            i++;
        } else {
            out[i] = at[i];
        }
    }
    return length;
}

/* ---- Runs ------------------------------------------------------------------------------------------------------ */

/* Where the run goes on to; `i` is inside it. */
static size_t run_end(const uint8_t *text, size_t i, size_t size)
{
    uint32_t scalar;
    for (;;) {
        while (i < size && CLASS[text[i]] >= LOWER && CLASS[text[i]] < HIGH)
            i++;
        if (i >= size || CLASS[text[i]] != HIGH)
            return i;
        size_t step = decode(text + i, size - i, &scalar);
        if (!step || kind_of(scalar) != LETTER)
            return i;
        i += step;
    }
}

size_t next_run(Reader *reader, size_t *start)
{
    const uint8_t *text = reader->text;
    size_t i = reader->position, size = reader->size;
    uint32_t line = reader->line, scalar;
    while (i < size) {
        int class = CLASS[text[i]];
        if (class < LOWER) {
            line += class == NEWLINE;
            i++;
            continue;
        }
        size_t end = i;
        if (class == HIGH) {
            size_t step = decode(text + i, size - i, &scalar);
            int kind = step ? kind_of(scalar) : NOT_A_LETTER;
            end = i + (step ? step : 1);
            if (kind == NOT_A_LETTER) {
                i = end;
                continue;
            }
            if (kind == LETTER)
                end = run_end(text, end, size);
        } else {
            end = run_end(text, i + 1, size);
        }
        if (end - i <= RUN_MAX) {
            reader->position = end;
            reader->line = line;
            *start = i;
            return end - i;
        }
        i = end;
    }
    reader->position = size;
    reader->line = line;
    return 0;
}

/* ---- Stems ----------------------------------------------------------------------------------------------------- */

static int is_vowel(uint8_t c) { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y'; }

static int ends(const uint8_t *word, size_t length, const char *suffix, size_t least)
{
    size_t size = strlen(suffix);
    return length >= size + least && memcmp(word + length - size, suffix, size) == 0;
}

static int has_vowel(const uint8_t *word, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (is_vowel(word[i]))
            return 1;
    return 0;
}

static size_t undouble(const uint8_t *word, size_t length)
{
    uint8_t last = word[length - 1];
    int doubled = length > 3 && last == word[length - 2] && !is_vowel(last) && last != 'l' && last != 's';
    return doubled ? length - 1 : length;
}

static size_t strip_plural(uint8_t *word, size_t length)
{
    if (ends(word, length, "ies", 2)) {
        word[length - 3] = 'y';
        return length - 2;
    }
    if (ends(word, length, "sses", 1) || ends(word, length, "ches", 2) || ends(word, length, "shes", 2) ||
        ends(word, length, "xes", 2))
        return length - 2;
    if (ends(word, length, "s", 3) && !ends(word, length, "ss", 0) && !ends(word, length, "us", 0) &&
        !ends(word, length, "is", 0))
        return length - 1;
    return length;
}

/* One family of a verb comes to one stem: encode, encodes, encoded, encoding, encoder, encoders; validate,
 * validation, validator; serialize, serialization, serializable. Rougher than a stemmer for prose, because in
 * code the agent ("encoder") is where the verb ("encode") is answered. Only letters a-z are stemmed. */
static size_t stem(uint8_t *word, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (word[i] < 'a' || word[i] > 'z')
            return length;
    length = strip_plural(word, length);
    size_t before = length;
    int doubled = 0;
    if (ends(word, length, "ied", 2)) {
        word[length - 3] = 'y';
        return length - 2;
    }
    if (ends(word, length, "ing", 3) && has_vowel(word, length - 3))
        length -= 3;
    else if (ends(word, length, "ed", 3) && has_vowel(word, length - 2))
        length -= 2;
    if (length != before) {
        size_t single = undouble(word, length);
        doubled = single != length;
        length = single;
    }
    if (ends(word, length, "able", 4) || ends(word, length, "ible", 4) || ends(word, length, "ment", 4))
        length -= 4;
    else if (ends(word, length, "er", 4) || ends(word, length, "or", 4)) {
        length -= 2;
        size_t single = undouble(word, length);
        doubled |= single != length;
        length = single;
    } else if (ends(word, length, "ion", 4) && (word[length - 4] == 't' || word[length - 4] == 's'))
        length -= 3;
    else if (ends(word, length, "ly", 4))
        length -= 2;
    if (ends(word, length, "e", 3) && !ends(word, length, "ee", 0)) {
        length -= 1;
        before = 0;
    }
    if (length != before && !doubled && ends(word, length, "at", 4))
        length -= 2;
    return length;
}

uint32_t hash_term(const uint8_t *term, size_t length)
{
    uint32_t hash = 2166136261u; /* FNV-1a, then a finishing mix (MurmurHash3's) */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ term[i]) * 16777619u;
    hash = (hash ^ hash >> 16) * 0x85EBCA6Bu;
    hash = (hash ^ hash >> 13) * 0xC2B2AE35u;
    hash ^= hash >> 16;
    return hash ? hash : 1; /* 0 marks a free slot */
}

/* ---- From a run to its terms ----------------------------------------------------------------------------------- */

typedef struct {
    size_t start, length;
    int camel; /* nothing but a change of case stands before it */
} Part;

/* The parts of a run: split at underscores, between a lower-case letter or digit and a capital, before the last
 * capital of several, and between letters and digits. Only ASCII letters have a case here. */
static size_t split_run(const uint8_t *run, size_t length, Part *parts)
{
    size_t count = 0, i = 0;
    while (i < length && count < PARTS_MAX) {
        while (i < length && run[i] == '_')
            i++;
        size_t start = i;
        while (i < length && run[i] != '_') {
            int here = CLASS[run[i]], last = i > start ? CLASS[run[i - 1]] : here;
            if (i > start) {
                int next = i + 1 < length ? CLASS[run[i + 1]] : UNDERSCORE;
                if (here == UPPER && (last == LOWER || last == DIGIT || (last == UPPER && next == LOWER)))
                    break;
                if ((here == DIGIT) != (last == DIGIT))
                    break;
            }
            i++;
        }
        if (i > start) {
            int joined = start > 0 && run[start - 1] != '_';
            parts[count++] = (Part){start, i - start, joined};
        }
    }
    /* A single letter stands for nothing alone: it goes with the part after it (OAuth, x86, IService). */
    size_t kept = 0;
    for (i = 0; i < count; i++) {
        Part part = parts[i];
        int letter = CLASS[run[part.start]] != DIGIT;
        if (part.length == 1 && letter && i + 1 < count && parts[i + 1].camel) {
            parts[i + 1].start = part.start;
            parts[i + 1].length += 1;
            parts[i + 1].camel = part.camel;
            continue;
        }
        if (part.length > 1 || count == 1)
            parts[kept++] = part;
    }
    return kept;
}

static void emit(const uint8_t *text, size_t length, int role, TermSink sink, void *context)
{
    uint8_t word[RUN_MAX];
    length = stem(word, lower_into(word, text, length));
    sink(context, word, length, hash_term(word, length), role);
}

void expand_run(const uint8_t *run, size_t length, TermSink sink, void *context)
{
    if (CLASS[run[0]] == DIGIT) { /* 404, 2d; not 0x1f2e3d4c */
        if (length <= 5 && run[length - 1] != '_')
            emit(run, length, ROLE_WHOLE, sink, context);
        return;
    }
    Part parts[PARTS_MAX];
    uint8_t whole[RUN_MAX];
    size_t count = split_run(run, length, parts), size = 0;
    for (size_t i = 0; i < length; i++)
        if (run[i] != '_')
            whole[size++] = run[i];
    if (size == 0)
        return;
    emit(whole, size, ROLE_WHOLE, sink, context);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].length < size)
            emit(run + parts[i].start, parts[i].length, ROLE_PART, sink, context);
        /* OAuth is also found as "auth". */
        int lone = parts[i].length > 3 && CLASS[run[parts[i].start]] == UPPER &&
                   CLASS[run[parts[i].start + 1]] == UPPER && CLASS[run[parts[i].start + 2]] == LOWER;
        if (lone)
            emit(run + parts[i].start + 1, parts[i].length - 1, ROLE_PART, sink, context);
        /* WebSocketUpgrade is also found as "websocket". */
        if (count > 2 && i + 1 < count && parts[i + 1].camel)
            emit(run + parts[i].start, parts[i + 1].start + parts[i + 1].length - parts[i].start, ROLE_PAIR, sink, context);
    }
}

/* ---- terms(text) ----------------------------------------------------------------------------------------------- */

typedef struct {
    PyObject *list;
    Py_ssize_t start, end;
    int failed;
} TermList;

static void list_term(void *context, const uint8_t *term, size_t length, uint32_t hash, int role)
{
    TermList *to = context;
    if (to->failed)
        return;
    PyObject *item = Py_BuildValue("(y#kinn)", (const char *)term, (Py_ssize_t)length, (unsigned long)hash, role,
                                   to->start, to->end);
    if (!item || PyList_Append(to->list, item) < 0)
        to->failed = 1;
    Py_XDECREF(item);
}

static PyObject *words_terms(PyObject *self, PyObject *args)
{
    const char *text;
    Py_ssize_t size;
    (void)self;
    if (!PyArg_ParseTuple(args, "y#:terms", &text, &size))
        return NULL;
    TermList to = {PyList_New(0), 0, 0, 0};
    if (!to.list)
        return NULL;
    Reader reader = {(const uint8_t *)text, (size_t)size, 0, 0};
    size_t start, length;
    while ((length = next_run(&reader, &start)) > 0 && !to.failed) {
        to.start = (Py_ssize_t)start;
        to.end = (Py_ssize_t)(start + length);
        expand_run(reader.text + start, length, list_term, &to);
    }
    if (to.failed) {
        Py_DECREF(to.list);
        return NULL;
    }
    return to.list;
}

static PyMethodDef methods[] = {
    {"terms", words_terms, METH_VARARGS, "The terms of a text, in order."},
    {NULL, NULL, 0, NULL},
};

int add_words(PyObject *module) { return PyModule_AddFunctions(module, methods); }
