#ifndef RMAPCHECK_CXXHASH_SHIM_H
#define RMAPCHECK_CXXHASH_SHIM_H

#include <xxhash.h>

#endif
