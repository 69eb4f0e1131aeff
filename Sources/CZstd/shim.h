#ifndef RMAPCHECK_CZSTD_SHIM_H
#define RMAPCHECK_CZSTD_SHIM_H

#include <zstd.h>

#endif
