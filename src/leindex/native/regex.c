#include "native.h"

int add_regex(PyObject *module)
{
    (void)module;
    return 0;
}
