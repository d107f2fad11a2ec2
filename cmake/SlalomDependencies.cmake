# SPDX-License-Identifier: Apache-2.0
# The libraries slalom is built on, all from the distribution (scripts/setup.sh installs them).
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)

find_path(SLALOM_RANDOM123_INCLUDE Random123/philox.h REQUIRED)

if(NOT TARGET slalom::random123)
  add_library(slalom::random123 INTERFACE IMPORTED)
  target_include_directories(slalom::random123 SYSTEM INTERFACE "${SLALOM_RANDOM123_INCLUDE}")
endif()
