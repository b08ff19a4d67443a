// Marks a function that runs on the host and, where nvcc compiles it, on the device.
#pragma once

#ifdef __CUDACC__
#define CF_HOST_DEVICE __host__ __device__
#else
#define CF_HOST_DEVICE
#endif
