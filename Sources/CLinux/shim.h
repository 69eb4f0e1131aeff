// What glibc declares for _GNU_SOURCE only, which Swift's own view of glibc is built without.
#pragma once
#include <sched.h>

// sched(7): lets the calling thread (pid 0) run on the CPUs of the mask only.
extern int sched_setaffinity(__pid_t pid, __SIZE_TYPE__ size, const cpu_set_t *mask);
