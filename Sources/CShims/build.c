#include "CShims.h"

#ifndef LAUNCHER_COMMIT
#define LAUNCHER_COMMIT "unknown"
#endif

const char *sh_commit(void) { return LAUNCHER_COMMIT; }
