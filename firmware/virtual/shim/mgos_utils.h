/*! The part of Mongoose OS's mgos_utils.h that the app uses. */
#ifndef SHIM_MGOS_UTILS_H
#define SHIM_MGOS_UTILS_H

float mgos_rand_range(float from, float to);

#endif
