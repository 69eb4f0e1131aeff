#ifndef RMAPCHECK_CZLIB_SHIM_H
#define RMAPCHECK_CZLIB_SHIM_H

#include <zlib.h>

#endif
