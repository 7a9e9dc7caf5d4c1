// OpenBLAS's C interface. Debian's alternatives put <cblas.h> on the default search path, whichever threading
// flavour is installed; the two functions below are OpenBLAS's own and not in every flavour's cblas.h.
#pragma once
#include <cblas.h>

char *openblas_get_corename(void);
char *openblas_get_config(void);
