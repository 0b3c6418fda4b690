#include "CShims.h"

#ifndef LAUNCHER_COMMIT
#define LAUNCHER_COMMIT "unknown"
#endif

#ifndef LAUNCHER_VERSION
#define LAUNCHER_VERSION "development"
#endif

const char *sh_version(void) { return LAUNCHER_VERSION; }

const char *sh_commit(void) { return LAUNCHER_COMMIT; }
