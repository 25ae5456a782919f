/* The best documents for weighted posting lists.
 *
 * Lists come in groups, one group for each word that was asked for: the word itself, its parts and what else it
 * may be called. A document has the best of a group's lists, and the sum over the groups: a word found in two
 * guises is still one word found.
 */
#include "words/words.h"

typedef struct {
    int group;
    double weight;
    const float *table; /* what a payload byte is worth */
    const uint32_t *numbers;
    const uint8_t *payloads;
    size_t count;
} List;

typedef struct {
    uint32_t number;
    float score;
} Scored;

typedef struct {
    float *total, *group;
    uint32_t *touched;
    size_t size, touched_count;
} Sums;

static void add_list(Sums *sums, const List *list)
{
    for (size_t i = 0; i < list->count; i++) {
        uint32_t number = list->numbers[i];
        if (number >= sums->size)
            continue;
        float value = (float)list->weight * list->table[list->payloads[i]];
        if (sums->group[number] == 0 && value > 0)
            sums->touched[sums->touched_count++] = number;
        if (value > sums->group[number])
            sums->group[number] = value;
    }
}

static void end_group(Sums *sums)
{
    for (size_t i = 0; i < sums->touched_count; i++) {
        uint32_t number = sums->touched[i];
        sums->total[number] += sums->group[number];
        sums->group[number] = 0;
    }
    sums->touched_count = 0;
}

/* Whether a ranks below b: by score, and of equal ones the later number is lower. */
static int below(Scored a, Scored b)
{
    return a.score < b.score || (a.score == b.score && a.number > b.number);
}

static void sift_down(Scored *heap, size_t count, size_t i)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= count)
            return;
        if (child + 1 < count && below(heap[child + 1], heap[child]))
            child++;
        if (!below(heap[child], heap[i]))
            return;
        Scored swap = heap[i];
        heap[i] = heap[child];
        heap[child] = swap;
        i = child;
    }
}

static size_t take_best(const float *total, size_t size, const uint32_t *allowed, size_t allowed_count, int filtered,
                        Scored *heap, size_t limit)
{
    size_t count = 0, candidates = filtered ? allowed_count : size;
    for (size_t i = 0; i < candidates; i++) {
        uint32_t number = filtered ? allowed[i] : (uint32_t)i;
        if (number >= size || (!filtered && total[number] == 0))
            continue;
        Scored scored = {number, total[number]};
        if (count < limit) {
            heap[count++] = scored;
            if (count == limit)
                for (size_t j = count; j-- > 0;)
                    sift_down(heap, count, j);
        } else if (below(heap[0], scored)) {
            heap[0] = scored;
            sift_down(heap, count, 0);
        }
    }
    return count;
}

static int by_rank(const void *a, const void *b)
{
    const Scored *left = a, *right = b;
    return below(*left, *right) - below(*right, *left);
}

static int read_list(PyObject *item, List *list)
{
    const char *table, *numbers, *payloads;
    Py_ssize_t table_size, numbers_size, payloads_size;
    if (!PyArg_ParseTuple(item, "idy#y#y#", &list->group, &list->weight, &table, &table_size, &numbers, &numbers_size,
                          &payloads, &payloads_size))
        return -1;
    if (table_size != 1024 || numbers_size != payloads_size * 4) {
        PyErr_SetString(PyExc_ValueError, "best: a list is (group, weight, 256 floats, numbers, as many payloads)");
        return -1;
    }
    list->table = (const float *)(const void *)table;
    list->numbers = (const uint32_t *)(const void *)numbers;
    list->payloads = (const uint8_t *)payloads;
    list->count = (size_t)payloads_size;
    return 0;
}

static int run_best(const List *lists, size_t count, Sums *sums)
{
    for (size_t i = 0; i < count; i++) {
        add_list(sums, &lists[i]);
        if (i + 1 == count || lists[i + 1].group != lists[i].group)
            end_group(sums);
    }
    return 0;
}

static PyObject *scored_list(const Scored *heap, size_t count)
{
    PyObject *result = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; result && i < count; i++) {
        PyObject *pair = Py_BuildValue("(kd)", (unsigned long)heap[i].number, (double)heap[i].score);
        if (!pair || PyList_SetItem(result, (Py_ssize_t)i, pair) < 0)
            Py_CLEAR(result);
    }
    return result;
}

static PyObject *score_best(PyObject *self, PyObject *args)
{
    PyObject *items, *result = NULL;
    Py_ssize_t size, limit, allowed_size = 0;
    const char *allowed = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "O!nnz#:best", &PyList_Type, &items, &size, &limit, &allowed, &allowed_size))
        return NULL;
    if (size < 0 || limit < 1) {
        PyErr_SetString(PyExc_ValueError, "best: size and limit must be positive");
        return NULL;
    }
    size_t count = (size_t)PyList_Size(items), taken = 0;
    List *lists = malloc((count + 1) * sizeof(List));
    Sums sums = {calloc((size_t)size + 1, sizeof(float)), calloc((size_t)size + 1, sizeof(float)),
                 malloc(((size_t)size + 1) * sizeof(uint32_t)), (size_t)size, 0};
    Scored *heap = malloc(((size_t)limit < (size_t)size + 1 ? (size_t)limit : (size_t)size + 1) * sizeof(Scored));
    if (!lists || !sums.total || !sums.group || !sums.touched || !heap) {
        PyErr_NoMemory();
        goto done;
    }
    for (size_t i = 0; i < count; i++)
        if (read_list(PyList_GetItem(items, (Py_ssize_t)i), &lists[i]) < 0)
            goto done;
    Py_BEGIN_ALLOW_THREADS
    run_best(lists, count, &sums);
    taken = take_best(sums.total, sums.size, (const uint32_t *)(const void *)allowed, (size_t)allowed_size / 4,
                      allowed != NULL, heap, (size_t)limit < sums.size + 1 ? (size_t)limit : sums.size + 1);
    qsort(heap, taken, sizeof(Scored), by_rank);
    Py_END_ALLOW_THREADS
    result = scored_list(heap, taken);
done:
    free(lists);
    free(sums.total);
    free(sums.group);
    free(sums.touched);
    free(heap);
    return result;
}

static PyMethodDef methods[] = {
    {"best", score_best, METH_VARARGS, "The best documents for weighted posting lists."},
    {NULL, NULL, 0, NULL},
};

int add_score(PyObject *module) { return PyModule_AddFunctions(module, methods); }
