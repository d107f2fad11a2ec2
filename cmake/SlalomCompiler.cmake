# SPDX-License-Identifier: Apache-2.0
# Language level, numerics, warnings and sanitizers. The interface target slalom_options is linked PRIVATE and never exported.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(SLALOM_CCACHE ccache)
mark_as_advanced(SLALOM_CCACHE)
if(SLALOM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${SLALOM_CCACHE}")
endif()

add_library(slalom_options INTERFACE)

# The compiler may not fuse a*b+c on its own: results would depend on flags, vector width and device. Where a formula wants a
# fused multiply-add it says std::fma.
target_compile_options(slalom_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off>
                                                $<$<COMPILE_LANGUAGE:CUDA>:--fmad=false>
                                                $<$<COMPILE_LANGUAGE:CUDA>:-Xptxas=--warn-on-spills>)
# Device code may call the standard library's constexpr functions (std::array's operator[]).
target_compile_options(slalom_options INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr>)

set(slalom_warnings
    -Wall
    -Wextra
    -Wno-missing-field-initializers # designated initialisers leave the rest at its default on purpose
    -Wpedantic
    -Wconversion
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> # GCC 12 reports string concatenation (GCC bug 105651)
    -Wshadow
    -Wnon-virtual-dtor
    -Woverloaded-virtual)
if(SLALOM_WERROR)
  list(APPEND slalom_warnings -Werror)
endif()
target_compile_options(slalom_options INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${slalom_warnings}>")
target_compile_options(slalom_options INTERFACE "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-Wno-missing-field-initializers>")
if(SLALOM_WERROR)
  target_compile_options(slalom_options INTERFACE "$<$<COMPILE_LANGUAGE:CUDA>:--Werror=all-warnings>")
endif()

if(SLALOM_SANITIZE)
  string(REPLACE ";" "," SLALOM_SANITIZE "${SLALOM_SANITIZE}")
  if(NOT SLALOM_SANITIZE MATCHES "^(address|undefined|address,undefined|undefined,address|thread)$")
    message(FATAL_ERROR "SLALOM_SANITIZE is '${SLALOM_SANITIZE}'; expected address,undefined (or one of them) or thread")
  endif()
  target_compile_options(
    slalom_options
    INTERFACE -fsanitize=${SLALOM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
              # GCC's flow analysis reports false positives in instrumented standard-library code.
              $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(slalom_options INTERFACE -fsanitize=${SLALOM_SANITIZE})
  if(SLALOM_SANITIZE MATCHES "undefined")
    # "undefined" leaves this one out: a number converted to an integer type that cannot hold it.
    target_compile_options(slalom_options INTERFACE -fsanitize=float-cast-overflow)
  endif()
  if(SLALOM_SANITIZE STREQUAL "thread")
    # ThreadSanitizer knows nothing of the barriers inside an OpenMP runtime. LLVM's has a tool, Archer, that tells it.
    file(REAL_PATH "${CMAKE_CXX_COMPILER}" slalom_clang)
    cmake_path(GET slalom_clang PARENT_PATH slalom_clang)
    find_library(SLALOM_ARCHER archer HINTS "${slalom_clang}/../lib")
    if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR NOT SLALOM_ARCHER)
      message(FATAL_ERROR "SLALOM_SANITIZE=thread needs clang and its OpenMP runtime with libarcher.so (scripts/setup.sh --dev), found "
                          "${CMAKE_CXX_COMPILER_ID} and '${SLALOM_ARCHER}'")
    endif()
  endif()
  if(SLALOM_SANITIZE MATCHES "address")
    # Indices beyond a vector's or span's size, which AddressSanitizer misses as long as they stay in the allocation.
    target_compile_definitions(slalom_options INTERFACE _GLIBCXX_ASSERTIONS)
  endif()
endif()
if(SLALOM_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "SLALOM_FUZZ needs clang with libFuzzer, found ${CMAKE_CXX_COMPILER_ID}; use the preset fuzz")
  endif()
  target_compile_options(slalom_options INTERFACE -fsanitize=fuzzer-no-link) # coverage for libFuzzer, whose main only harnesses get
endif()
