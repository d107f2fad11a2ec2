# SPDX-License-Identifier: Apache-2.0
# Fails if a file that is compiled for a wider instruction set defines a symbol that the linker may take for other files' copy of
# the same function: on an older processor they would then run instructions that it does not have.
# NM: the program; OBJECTS: a list.
set(checked 0)
foreach(object IN LISTS OBJECTS)
  if(NOT object MATCHES "/kernels/(linear|network|product|draws)_(avx|amx)")
    continue()
  endif()
  execute_process(COMMAND "${NM}" --demangle "${object}" OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]* [WVu] [^\n]*" shared "${symbols}")
  if(shared)
    message(FATAL_ERROR "${object}: other files could be given these:\n${shared}")
  endif()
  if(NOT symbols MATCHES " [RBDV] slalom::[a-z]+::k(Linear|Network|Product|Draws)(Avx|Amx)")
    message(FATAL_ERROR "${object}: found no table of functions; is this the right file?\n${symbols}")
  endif()
  math(EXPR checked "${checked} + 1")
endforeach()
if(NOT checked EQUAL 9)
  message(FATAL_ERROR "expected 9 files of kernels, found ${checked} among ${OBJECTS}")
endif()
