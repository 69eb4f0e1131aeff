#ifndef RMAPCHECK_CLIBBPF_SHIM_H
#define RMAPCHECK_CLIBBPF_SHIM_H

#include <bpf/btf.h>
// For libbpf_set_print: without it the library writes its own complaints to stderr, between ours.
#include <bpf/libbpf.h>

#endif
