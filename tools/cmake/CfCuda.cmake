# The CUDA toolkit with cuDNN and NCCL, as the target `cf_dep_cuda`; CF_HAVE_CUDA says whether it is used.
include(CheckLanguage)

set(CF_HAVE_CUDA OFF)
set(CF_HAVE_NCCL OFF)
if(CF_CUDA STREQUAL "OFF")
  return()
endif()
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  if(CF_CUDA STREQUAL "ON")
    message(FATAL_ERROR "CF_CUDA=ON, but nvcc was not found: install the CUDA toolkit or set CUDACXX")
  endif()
  return()
endif()

# GPUs to build for, and PTX of the newest for GPUs to come. The networks' authors trained on RTX 3060 and 3090 (86).
set(CMAKE_CUDA_ARCHITECTURES "80-real;86-real;89-real;90-real;90-virtual" CACHE STRING "GPU architectures")
if(CF_CCACHE)
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CF_CCACHE})
endif()
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
  # CMake 3.25 has no name for nvcc's C++20.
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
endif()
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
find_package(CUDAToolkit 12.4 REQUIRED)

# CMake knows neither cuDNN nor NCCL; they lie beside the toolkit or where their own packages put them.
set(places HINTS ${CUDAToolkit_INCLUDE_DIRS} ${CUDAToolkit_LIBRARY_DIR} PATH_SUFFIXES include lib lib64)
find_path(CF_CUDNN_INCLUDE cudnn.h ${places})
find_library(CF_CUDNN_LIBRARY cudnn ${places})
if(NOT CF_CUDNN_INCLUDE OR NOT CF_CUDNN_LIBRARY)
  if(CF_CUDA STREQUAL "ON")
    message(FATAL_ERROR "CF_CUDA=ON, but cuDNN 9 was not found: install it beside the CUDA toolkit or set CF_CUDNN_INCLUDE and CF_CUDNN_LIBRARY")
  endif()
  message(STATUS "nvcc was found, cuDNN was not: building for the CPU")
  return()
endif()

# cuDNN, cuBLASLt and cuFFT are loaded when they are first needed (kernels/cuda/shared_library.h): only their headers serve
# here, and where they lie, for machines whose loader does not know. The runtime is part of the program, as nvcc has it.
get_filename_component(cudnn_folder ${CF_CUDNN_LIBRARY} DIRECTORY)
set(CF_CUDA_LIBRARY_DIRS ${cudnn_folder} ${CUDAToolkit_LIBRARY_DIR})
# NCCL likewise, which only several GPUs need.
find_path(CF_NCCL_INCLUDE nccl.h ${places})
find_library(CF_NCCL_LIBRARY nccl ${places})
if(CF_NCCL_LIBRARY)
  get_filename_component(nccl_folder ${CF_NCCL_LIBRARY} DIRECTORY)
  list(APPEND CF_CUDA_LIBRARY_DIRS ${nccl_folder})
endif()
list(REMOVE_DUPLICATES CF_CUDA_LIBRARY_DIRS)
list(JOIN CF_CUDA_LIBRARY_DIRS ":" CF_CUDA_LIBRARY_DIRS)
add_library(cf_dep_cuda INTERFACE)
target_include_directories(cf_dep_cuda SYSTEM INTERFACE ${CF_CUDNN_INCLUDE} ${CUDAToolkit_INCLUDE_DIRS})
target_compile_definitions(cf_dep_cuda INTERFACE CF_CUDA_LIBRARY_DIRS="${CF_CUDA_LIBRARY_DIRS}")
target_link_libraries(cf_dep_cuda INTERFACE CUDA::cudart_static CUDA::nvtx3 ${CMAKE_DL_LIBS})
set(CF_HAVE_CUDA ON)
if(CF_NCCL_INCLUDE)
  add_library(cf_dep_nccl INTERFACE)
  target_include_directories(cf_dep_nccl SYSTEM INTERFACE ${CF_NCCL_INCLUDE})
  set(CF_HAVE_NCCL ON)
else()
  message(STATUS "nccl.h was not found: building for one GPU")
endif()

# Our flags for nvcc. fmt's compile-time check of format strings is beyond it; the host compiler has checked the same headers.
target_compile_options(cf_options INTERFACE
  "$<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr;--extended-lambda;--Werror=all-warnings;-DFMT_CONSTEVAL=;-DFMT_USE_CONSTEXPR=1>")
