#ifndef RMAPCHECK_CZSTD_SHIM_H
#define RMAPCHECK_CZSTD_SHIM_H

// For ZSTD_d_format and ZSTD_f_zstd1_magicless: trace-cmd leaves the magic number off its frames, and
// only this part of the header can say so. The function called is part of the stable library.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

// A macro of an enum in an experimental section is not visible from Swift.
static inline size_t rmapcheck_zstd_set_magicless(ZSTD_DCtx *context, int magicless)
{
	return ZSTD_DCtx_setParameter(context, ZSTD_d_format,
				      magicless ? ZSTD_f_zstd1_magicless : ZSTD_f_zstd1);
}

#endif
