/* The bag of words of a document. */
#include "words/words.h"

/* A posting's payload: how much the term weighs in the document (the saturated, length-normalised frequency of
 * BM25; Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) in the lower six bits, and whether
 * it is a definition's name, or a part of one, in the upper two. The length is related to a fixed one rather than
 * to the collection's average, so that a posting never changes when other documents come and go. */
#define K1 1.2
#define B 0.4
#define USUAL_LENGTH 1000.0 /* runs in a usual source file */
#define NAMED_PART 0x40
#define NAMED_WHOLE 0x80

typedef struct {
    uint32_t hash, count;
    uint8_t flags;
} Term;

typedef struct {
    Term *terms;
    size_t capacity, used;
    uint32_t count; /* of the run at hand */
    int naming, failed;
} Bag;

static Term *bag_slot(Bag *bag, uint32_t hash)
{
    size_t slot = hash & (bag->capacity - 1);
    while (bag->terms[slot].hash && bag->terms[slot].hash != hash)
        slot = (slot + 1) & (bag->capacity - 1);
    return &bag->terms[slot];
}

static int bag_grow(Bag *bag)
{
    Bag larger = {calloc(bag->capacity * 4, sizeof(Term)), bag->capacity * 4, bag->used, 0, 0, 0};
    if (!larger.terms)
        return -1;
    for (size_t i = 0; i < bag->capacity; i++)
        if (bag->terms[i].hash)
            *bag_slot(&larger, bag->terms[i].hash) = bag->terms[i];
    free(bag->terms);
    bag->terms = larger.terms;
    bag->capacity = larger.capacity;
    return 0;
}

static void bag_add(void *context, const uint8_t *term, size_t length, uint32_t hash, int role)
{
    Bag *bag = context;
    (void)term;
    /* A single letter is a loop variable, not a word, unless something is defined by that name. */
    if (bag->failed || (length < 2 && term[0] < 0x80 && !bag->naming))
        return;
    if (bag->used * 2 >= bag->capacity && bag_grow(bag) < 0) {
        bag->failed = 1;
        return;
    }
    Term *entry = bag_slot(bag, hash);
    bag->used += entry->hash == 0;
    entry->hash = hash;
    if (bag->naming)
        entry->flags |= role == ROLE_WHOLE ? NAMED_WHOLE : NAMED_PART;
    else
        entry->count += bag->count;
}

static int bag_text(Bag *bag, RunTable *runs, const uint8_t *text, size_t size, uint64_t *length)
{
    Reader reader = {text, size, 0, 0};
    size_t start, run;
    int fresh;
    while ((run = next_run(&reader, &start)) > 0) {
        RunEntry *entry = runs_entry(runs, text + start, run, &fresh);
        if (!entry)
            return -1;
        entry->value++;
        ++*length;
    }
    for (size_t i = 0; i < runs->capacity; i++) {
        RunEntry *entry = &runs->entries[i];
        if (!entry->at)
            continue;
        bag->count = (uint32_t)entry->value;
        expand_run(entry->at, entry->length, bag_add, bag);
    }
    return bag->failed ? -1 : 0;
}

static void bag_names(Bag *bag, const uint8_t *names, size_t size)
{
    Reader reader = {names, size, 0, 0};
    size_t start, run;
    bag->naming = 1;
    while ((run = next_run(&reader, &start)) > 0)
        expand_run(names + start, run, bag_add, bag);
}

/* Sorted hashes and their payloads; `keys` and `spare` have room for all terms. */
static size_t bag_payloads(const Bag *bag, uint64_t *keys, uint64_t *spare, double length)
{
    double damp = K1 * (1 - B + B * length / USUAL_LENGTH);
    size_t count = 0;
    for (size_t i = 0; i < bag->capacity; i++) {
        const Term *term = &bag->terms[i];
        if (!term->hash)
            continue;
        double weight = term->count / (term->count + damp);
        uint32_t level = (uint32_t)(63 * weight + 0.5);
        if (level == 0 && term->count)
            level = 1;
        keys[count++] = (uint64_t)term->hash << 32 | term->flags | level;
    }
    sort_by_upper_half(keys, spare, count);
    return count;
}

typedef struct {
    uint64_t *keys, *spare;
    size_t count;
    uint64_t length;
} BagResult;

static int make_bag(const char *text, size_t size, const char *names, size_t names_size, BagResult *result)
{
    RunTable runs = {0};
    Bag bag = {calloc(2048, sizeof(Term)), 2048, 0, 0, 0, 0};
    int failed = !bag.terms || runs_init(&runs) < 0 ||
                 bag_text(&bag, &runs, (const uint8_t *)text, size, &result->length) < 0;
    if (!failed) {
        bag_names(&bag, (const uint8_t *)names, names_size);
        result->keys = malloc((bag.used + 1) * sizeof(uint64_t));
        result->spare = malloc((bag.used + 1) * sizeof(uint64_t));
        failed = bag.failed || !result->keys || !result->spare;
        if (!failed)
            result->count = bag_payloads(&bag, result->keys, result->spare, (double)result->length);
    }
    free(bag.terms);
    runs_free(&runs);
    return failed ? -1 : 0;
}

static PyObject *words_bag(PyObject *self, PyObject *args)
{
    const char *text, *names;
    Py_ssize_t size, names_size;
    (void)self;
    if (!PyArg_ParseTuple(args, "y#y#:bag", &text, &size, &names, &names_size))
        return NULL;
    BagResult bag = {NULL, NULL, 0, 0};
    PyObject *result = NULL, *hashes = NULL, *payloads = NULL;
    int failed;
    Py_BEGIN_ALLOW_THREADS
    failed = make_bag(text, (size_t)size, names, (size_t)names_size, &bag);
    Py_END_ALLOW_THREADS
    if (failed) {
        PyErr_NoMemory();
        goto done;
    }
    hashes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(bag.count * 4));
    payloads = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)bag.count);
    if (!hashes || !payloads)
        goto done;
    uint32_t *hash_out = (uint32_t *)(void *)PyBytes_AsString(hashes);
    uint8_t *payload_out = (uint8_t *)PyBytes_AsString(payloads);
    for (size_t i = 0; i < bag.count; i++) {
        hash_out[i] = (uint32_t)(bag.keys[i] >> 32);
        payload_out[i] = (uint8_t)bag.keys[i];
    }
    result = Py_BuildValue("(OOK)", hashes, payloads, (unsigned long long)bag.length);
done:
    Py_XDECREF(hashes);
    Py_XDECREF(payloads);
    free(bag.keys);
    free(bag.spare);
    return result;
}

static PyMethodDef methods[] = {
    {"bag", words_bag, METH_VARARGS, "The terms of a document with their payloads."},
    {NULL, NULL, 0, NULL},
};

int add_bag(PyObject *module) { return PyModule_AddFunctions(module, methods); }
