# SPDX-License-Identifier: Apache-2.0
# Finds the ONNX format's classes (libonnx-dev) and the protobuf runtime they need as slalom::onnx. The build uses this file, and so does
# the installed package. Debian's own ONNXConfig.cmake is of no use: it asks for a library that no package has.
if(TARGET slalom::onnx)
  return()
endif()
find_package(Protobuf REQUIRED)
find_path(SLALOM_ONNX_INCLUDE onnx/onnx-ml.pb.h REQUIRED)
find_library(SLALOM_ONNX_LIBRARY onnx_proto REQUIRED)
mark_as_advanced(SLALOM_ONNX_INCLUDE SLALOM_ONNX_LIBRARY)
add_library(slalom::onnx INTERFACE IMPORTED)
target_include_directories(slalom::onnx SYSTEM INTERFACE "${SLALOM_ONNX_INCLUDE}")
target_compile_definitions(slalom::onnx INTERFACE ONNX_ML=1) # onnx_pb.h then includes onnx-ml.pb.h, the one that is packaged
target_link_libraries(slalom::onnx INTERFACE "${SLALOM_ONNX_LIBRARY}" protobuf::libprotobuf)
