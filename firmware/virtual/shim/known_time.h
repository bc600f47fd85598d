/*! What happens to the device's idea of the time from outside, as if the
 * shadow's answers until now had been other ones. Knows where the application
 * keeps it. */
#ifndef SHIM_KNOWN_TIME_H
#define SHIM_KNOWN_TIME_H

/*! Moves the time that the device knows by this many ms. */
void shim_shift_time(long long ms);

/*! Lets the device forget the time, as power-on does. */
void shim_forget_time(void);

#endif
