/* The fuzzer as a module of Python: libFuzzer mutates, a function of Python tries the bytes.
 *
 * It is linked into one shared object with the native sources, which are built with the sanitizers and libFuzzer's
 * coverage, so no second way into them is needed: a target calls what leindex calls. The object resolves its own
 * symbols first (-Bsymbolic), since the preloaded runtime has empty ones of the same names.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "grams/segment.h"

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

/* ---- bytes without a NUL behind them, so that reading one too many is seen --------------------------------------- */

typedef struct {
    PyObject_HEAD
    void *data;
    Py_ssize_t size;
} Exact;

static int exact_buffer(PyObject *object, Py_buffer *view, int flags)
{
    Exact *self = (Exact *)object;
    return PyBuffer_FillInfo(view, object, self->data, self->size, 1, flags);
}

static void exact_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    free(((Exact *)object)->data);
    PyObject_Free(object);
    Py_DECREF(type);
}

static PyType_Slot exact_slots[] = {{Py_bf_getbuffer, exact_buffer}, {Py_tp_dealloc, exact_dealloc}, {0, NULL}};
static PyType_Spec exact_spec = {"_fuzz.Exact", sizeof(Exact), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                 exact_slots};
static PyObject *exact_type;

static PyObject *exact(PyObject *module, PyObject *bytes)
{
    (void)module;
    char *data;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(bytes, &data, &size) < 0)
        return NULL;
    Exact *self = PyObject_New(Exact, (PyTypeObject *)exact_type);
    if (!self)
        return NULL;
    self->size = size;
    self->data = malloc((size_t)size); /* of no bytes too: reading one is an error then */
    memcpy(self->data, data, (size_t)size);
    return (PyObject *)self;
}

/* A fault, to see that the sanitizers see it: reads the byte after those of an Exact. */
static PyObject *read_past(PyObject *module, PyObject *object)
{
    (void)module;
    const Exact *self = (Exact *)object;
    return PyLong_FromLong(((const volatile uint8_t *)self->data)[self->size]);
}

/* ---- blocks whose checksum is right ------------------------------------------------------------------------------ */

static PyObject *sealed(PyObject *module, PyObject *bytes)
{
    (void)module;
    char *data;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(bytes, &data, &size) < 0)
        return NULL;
    PyObject *block = PyBytes_FromStringAndSize(data, size);
    if (block && size >= 4) {
        uint8_t *to = (uint8_t *)PyBytes_AsString(block);
        uint32_t sum = segment_checksum(to + 4, (size_t)size - 4);
        for (int i = 0; i < 4; i++)
            to[i] = (uint8_t)(sum >> 8 * i);
    }
    return block;
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static PyObject *target;

static int try_bytes(const uint8_t *data, size_t size)
{
    PyObject *bytes = PyBytes_FromStringAndSize((const char *)data, (Py_ssize_t)size);
    PyObject *result = bytes ? PyObject_CallOneArg(target, bytes) : NULL;
    Py_XDECREF(bytes);
    if (!result) {
        PyErr_Print();
        fprintf(stderr, "an exception left the target\n");
        abort(); /* libFuzzer keeps the input */
    }
    Py_DECREF(result);
    return 0;
}

/* run(function, arguments): never returns; the arguments are libFuzzer's, the first the name of the program. */
static PyObject *run(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *arguments;
    if (!PyArg_ParseTuple(args, "OO!:run", &target, &PyList_Type, &arguments))
        return NULL;
    int argc = (int)PyList_Size(arguments);
    char **argv = calloc((size_t)argc + 1, sizeof *argv);
    for (int i = 0; argv && i < argc; i++)
        if (!(argv[i] = (char *)PyUnicode_AsUTF8(PyList_GetItem(arguments, i))))
            return NULL;
    if (!argv)
        return PyErr_NoMemory();
    int status = LLVMFuzzerRunDriver(&argc, &argv, try_bytes);
    free(argv);
    return PyLong_FromLong(status);
}

static PyMethodDef functions[] = {{"run", run, METH_VARARGS, NULL},
                                  {"exact", exact, METH_O, NULL},
                                  {"read_past", read_past, METH_O, NULL},
                                  {"sealed", sealed, METH_O, NULL},
                                  {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_fuzz", .m_size = -1, .m_methods = functions};

PyMODINIT_FUNC PyInit__fuzz(void);

PyMODINIT_FUNC PyInit__fuzz(void)
{
    exact_type = PyType_FromSpec(&exact_spec);
    return exact_type ? PyModule_Create(&definition) : NULL;
}
