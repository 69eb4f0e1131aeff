#ifndef RMAPCHECK_CLZMA_SHIM_H
#define RMAPCHECK_CLZMA_SHIM_H

#include <lzma.h>

// A macro with a cast is not visible from Swift.
static const uint32_t rmapcheck_lzma_concatenated = LZMA_CONCATENATED;

#endif
