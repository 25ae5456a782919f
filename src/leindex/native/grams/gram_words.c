/* The grams of texts as words, for an inverted index that takes nothing but text.
 *
 * A gram is three bytes of folded text here. Every position of a line starts one; a gram that reaches the end of its
 * line is filled up with newlines, so that a literal of one or two bytes is the beginning of some gram. A word has a
 * character for each byte: printable ASCII stands for itself, any other byte b for U+0100 + b, so that no word holds a
 * blank, grams of bytes that are not UTF-8 have words too, and words that begin alike are grams that begin alike.
 *
 * A bit for each of the 2^24 grams says whether a text had it already. The 2 MiB are cleared by going back over the
 * text's own grams, and most texts touch few of their cache lines. */
#include "native.h"

enum { GRAMS = 1 << 24, WORD_BYTES = 7 }; /* three characters of up to two bytes, and a blank */

typedef struct {
    uint8_t *seen;
    uint32_t *grams;
    uint8_t *words;
    size_t room; /* grams that there is room for */
} Work;

static inline uint32_t folded(uint8_t byte)
{
    return (uint8_t)(byte - 'A') < 26 ? byte + 32u : byte;
}

static inline size_t add_gram(Work *work, size_t count, uint32_t gram)
{
    uint8_t bit = (uint8_t)(1 << (gram & 7)), *place = work->seen + (gram >> 3);
    work->grams[count] = gram;
    count += !(*place & bit);
    *place |= bit;
    return count;
}

/* The distinct grams of a text into work->grams, which has room for them; returns how many. */
static size_t collect(Work *work, const uint8_t *text, size_t n)
{
    size_t count = 0, i = 0;
    while (i < n) {
        const uint8_t *newline = memchr(text + i, '\n', n - i);
        size_t end = newline ? (size_t)(newline - text) : n;
        uint32_t gram = 0;
        size_t j = i;
        for (; j < end && j < i + 2; j++)
            gram = gram << 8 | folded(text[j]);
        for (; j < end; j++) {
            gram = (gram << 8 | folded(text[j])) & (GRAMS - 1);
            count = add_gram(work, count, gram);
        }
        if (end - i == 1)
            gram = gram << 8 | '\n';
        for (size_t left = end - i < 2 ? end - i : 2; left; left--) {
            gram = (gram << 8 | '\n') & (GRAMS - 1);
            count = add_gram(work, count, gram);
        }
        i = end + 1;
    }
    return count;
}

static inline uint8_t *put_character(uint8_t *out, uint32_t byte)
{
    if (byte > ' ' && byte < 0x7f) {
        *out++ = (uint8_t)byte;
        return out;
    }
    *out++ = (uint8_t)(0xc4 + (byte >> 6)); /* U+0100 + byte in UTF-8 */
    *out++ = (uint8_t)(0x80 | (byte & 0x3f));
    return out;
}

/* Writes the words of the first `count` grams and forgets the grams; returns the length. */
static size_t write_words(Work *work, size_t count)
{
    uint8_t *out = work->words;
    for (size_t i = 0; i < count; i++) {
        uint32_t gram = work->grams[i];
        work->seen[gram >> 3] = 0;
        out = put_character(out, gram >> 16);
        out = put_character(out, gram >> 8 & 0xff);
        out = put_character(out, gram & 0xff);
        *out++ = ' ';
    }
    return (size_t)(out - work->words);
}

static int reserve(Work *work, size_t grams)
{
    if (grams <= work->room)
        return 0;
    size_t room = grams > 2 * work->room ? grams : 2 * work->room;
    uint32_t *list = realloc(work->grams, room * sizeof *list);
    if (list)
        work->grams = list;
    uint8_t *words = realloc(work->words, room * WORD_BYTES);
    if (words)
        work->words = words;
    if (!list || !words)
        return -1;
    work->room = room;
    return 0;
}

static PyObject *words_of(Work *work, PyObject *text)
{
    Py_buffer view;
    if (PyObject_GetBuffer(text, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    size_t n = (size_t)view.len, length = 0;
    int failed;
    Py_BEGIN_ALLOW_THREADS
    failed = reserve(work, (n < GRAMS ? n : GRAMS) + 1); /* one more is written before it is known to be new */
    if (!failed)
        length = write_words(work, collect(work, view.buf, n));
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&view);
    return failed ? PyErr_NoMemory() : PyUnicode_DecodeUTF8((const char *)work->words, (Py_ssize_t)length, NULL);
}

PyDoc_STRVAR(gram_words_doc, "gram_words(texts) -> list[str]\n\nThe distinct grams of each text as words, a blank after "
                             "each. Raises MemoryError.");

static PyObject *gram_words(PyObject *self, PyObject *texts)
{
    (void)self;
    Py_ssize_t count = PySequence_Size(texts);
    Work work = {calloc(GRAMS / 8, 1), malloc(1), malloc(1), 0};
    PyObject *list = count < 0 ? NULL : work.seen && work.grams && work.words ? PyList_New(0) : PyErr_NoMemory();
    for (Py_ssize_t i = 0; list && i < count; i++) {
        PyObject *text = PySequence_GetItem(texts, i), *words = text ? words_of(&work, text) : NULL;
        if (!words || PyList_Append(list, words) < 0) {
            Py_DECREF(list);
            list = NULL;
        }
        Py_XDECREF(words);
        Py_XDECREF(text);
    }
    free(work.seen);
    free(work.grams);
    free(work.words);
    return list;
}

static PyMethodDef functions[] = {{"gram_words", gram_words, METH_O, gram_words_doc}, {NULL, NULL, 0, NULL}};

int add_gram_words(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
