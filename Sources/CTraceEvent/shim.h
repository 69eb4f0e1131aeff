#ifndef RMAPCHECK_CTRACEEVENT_SHIM_H
#define RMAPCHECK_CTRACEEVENT_SHIM_H

#include <event-parse.h>
#include <kbuffer.h>

#endif
