#include "CBuild.h"

const char *rmapcheck_commit(void) { return RMAPCHECK_COMMIT; }
