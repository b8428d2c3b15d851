# One precompiled header for everything: the standard library, Asio's declarations, Boost.JSON.
file(WRITE ${CMAKE_BINARY_DIR}/pch.cpp.in "")
configure_file(${CMAKE_BINARY_DIR}/pch.cpp.in ${CMAKE_BINARY_DIR}/pch.cpp COPYONLY)
add_library(warren_pch STATIC ${CMAKE_BINARY_DIR}/pch.cpp)
target_link_libraries(warren_pch PUBLIC warren_boost warren_flags)
target_precompile_headers(warren_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.hpp)

# warren_target(TARGET): what every target of ours shares.
function(warren_target target)
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src>)
  target_link_libraries(${target} PUBLIC warren_boost $<BUILD_INTERFACE:warren_flags>)
  target_precompile_headers(${target} REUSE_FROM warren_pch)
endfunction()

# warren_folder(NAME DEPS target... [TEST_DEPS target...]): the folder's *.cpp become library warren_NAME,
# its *_test.cpp the gtest executable NAME_test. LABELS are given to ctest (`tsan`: also run under TSan).
function(warren_folder name)
  cmake_parse_arguments(arg "" "" "DEPS;TEST_DEPS;LABELS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  if(sources)
    add_library(warren_${name} STATIC ${sources})
    warren_target(warren_${name})
    target_link_libraries(warren_${name} PUBLIC ${arg_DEPS})
  else()
    add_library(warren_${name} INTERFACE)
    target_include_directories(warren_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(warren_${name} INTERFACE warren_boost ${arg_DEPS})
  endif()
  if(tests)
    warren_test(${name}_test SOURCES ${tests} DEPS warren_${name} ${arg_TEST_DEPS} LABELS ${arg_LABELS})
  endif()
endfunction()

# warren_test(NAME SOURCES file... DEPS target... [LABELS label...]): a gtest executable, one ctest test.
function(warren_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  warren_target(${name})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "unit;${arg_LABELS}" TIMEOUT 300)
endfunction()

# warren_program(NAME SOURCES file... DEPS target...): an executable in bin/.
function(warren_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  warren_target(${name})
  target_link_libraries(${name} PRIVATE ${arg_DEPS})
endfunction()
