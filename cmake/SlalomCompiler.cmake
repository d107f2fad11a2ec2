# SPDX-License-Identifier: Apache-2.0
# Language level, warnings and sanitizers, as interface targets that are linked PRIVATE and never exported.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG")
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(SLALOM_CCACHE ccache)
if(SLALOM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${SLALOM_CCACHE}")
endif()

add_library(slalom_options INTERFACE)
target_compile_options(
  slalom_options
  INTERFACE
    # The compiler may not fuse a*b+c on its own: results would then depend on flags and vector width. Where a formula wants fma it says std::fma.
    -ffp-contract=off
    -Wall
    -Wextra
    -Wpedantic
    -Wconversion
    -Wshadow
    -Wnon-virtual-dtor
    -Woverloaded-virtual
    $<$<BOOL:${SLALOM_WERROR}>:-Werror>)

if(SLALOM_SANITIZE)
  target_compile_options(slalom_options INTERFACE -fsanitize=${SLALOM_SANITIZE} -fno-omit-frame-pointer
                                                  -fno-sanitize-recover=all)
  target_link_options(slalom_options INTERFACE -fsanitize=${SLALOM_SANITIZE})
  # GCC's flow analysis reports false positives in instrumented standard-library code.
  target_compile_options(slalom_options INTERFACE -Wno-maybe-uninitialized)
endif()
