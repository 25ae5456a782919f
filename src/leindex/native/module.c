/* The module leindex._native; what is in it is said in _native.pyi. */
#include "native.h"

static int (*const parts[])(PyObject *) = {
    add_files, add_grams,    add_gram_words, add_regex, add_cdefs, add_cuses, add_words,
    add_bag,   add_passages, add_columns,    add_score, add_paths, add_fuzzy, add_fields, add_lines, add_postings, add_pages,
};

static int exec_module(PyObject *module)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i](module) < 0)
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
