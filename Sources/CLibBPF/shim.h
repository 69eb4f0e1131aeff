#ifndef RMAPCHECK_CLIBBPF_SHIM_H
#define RMAPCHECK_CLIBBPF_SHIM_H

#include <bpf/btf.h>

#endif
