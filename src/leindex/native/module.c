/* The module leindex._native; what is in it is said in _native.pyi. */
#include "native.h"

static int exec_module(PyObject *module)
{
    if (add_files(module) < 0 || add_grams(module) < 0 || add_regex(module) < 0 || add_cdefs(module) < 0 ||
        add_words(module) < 0 || add_bag(module) < 0 || add_passages(module) < 0 || add_score(module) < 0 ||
        add_paths(module) < 0 || add_fuzzy(module) < 0)
        return -1;
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, exec_module}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "leindex._native", .m_size = 0, .m_slots = slots};

PyMODINIT_FUNC PyInit__native(void);

PyMODINIT_FUNC PyInit__native(void)
{
    return PyModuleDef_Init(&definition);
}
