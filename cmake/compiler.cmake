add_library(warren_flags INTERFACE)
target_compile_options(warren_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(WARREN_WERROR)
  target_compile_options(warren_flags INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Coroutine frames trip g++ 12's flow analysis (GCC bugs 104981 and 105562); the precompiled header needs the first for ccache.
  target_compile_options(warren_flags INTERFACE -fpch-preprocess -Wno-maybe-uninitialized -Wno-mismatched-new-delete)
endif()
# What only tests are made of (property WARREN_TEST) is compiled for quick building.
set(of_tests $<BOOL:$<TARGET_PROPERTY:WARREN_TEST>>)
target_compile_options(warren_flags INTERFACE $<$<AND:${of_tests},$<CONFIG:Release>>:-O1>)
if(WARREN_SANITIZE)
  target_compile_options(warren_flags INTERFACE -fsanitize=${WARREN_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(warren_flags INTERFACE -fsanitize=${WARREN_SANITIZE})
  if(WARREN_SANITIZE MATCHES "undefined")
    # Left out: what AddressSanitizer finds as well, for a third of the time that compiling takes.
    target_compile_options(warren_flags INTERFACE -fno-sanitize-recover=undefined
      -fno-sanitize=null,alignment,object-size,vptr $<${of_tests}:-fno-sanitize=undefined>)
    target_link_options(warren_flags INTERFACE -fno-sanitize-recover=undefined)
  endif()
  if(WARREN_SANITIZE MATCHES "thread")
    # Boost.Asio fences are invisible to ThreadSanitizer otherwise, and g++ warns of every one.
    target_compile_options(warren_flags INTERFACE -Wno-tsan)
  endif()
endif()

find_program(WARREN_CCACHE ccache)
if(WARREN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${WARREN_CCACHE})
endif()
find_program(WARREN_MOLD mold)
if(WARREN_MOLD)
  target_link_options(warren_flags INTERFACE -fuse-ld=mold)
endif()
