#ifndef RMAPCHECK_CBUILD_H
#define RMAPCHECK_CBUILD_H

// The commit that the program was built from, as Package.swift has it from git; empty if it has none.
const char *rmapcheck_commit(void);

#endif
