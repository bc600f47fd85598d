/*! The part of mongoose.h that the app uses. */
#ifndef SHIM_MONGOOSE_H
#define SHIM_MONGOOSE_H

#define MG_F_CLOSE_IMMEDIATELY (1 << 11)

/* The real one has many more members. */
struct mg_connection {
  unsigned long flags;
};

#endif
