/* FMI 3.0 for co-simulation and model exchange, of a model without states, clocks or structural parameters. */
#include <stdbool.h>
#include <stdint.h>

#include "instance.h"

typedef int Status; /* 0 OK, 3 error */
typedef void *Component;
typedef const uint32_t *References;
enum { OK = 0, ERROR = 3 };

/* There are no variables of this type. */
#define NO_VARIABLES(name, type)                                                                              \
    EXPORT Status fmi3Get##name(Component c, References references, size_t n, type values[], size_t m)         \
    {                                                                                                          \
        (void)c; (void)references; (void)values; (void)m;                                                      \
        return n == 0 ? OK : ERROR;                                                                            \
    }                                                                                                          \
    EXPORT Status fmi3Set##name(Component c, References references, size_t n, const type values[], size_t m)   \
    {                                                                                                          \
        (void)c; (void)references; (void)values; (void)m;                                                      \
        return n == 0 ? OK : ERROR;                                                                            \
    }
/* There are no states: an array of them has no elements. */
#define NO_STATES(name, type)                                                                                 \
    EXPORT Status fmi3##name(Component c, type values[], size_t n)                                             \
    {                                                                                                          \
        (void)c; (void)values;                                                                                 \
        return n == 0 ? OK : ERROR;                                                                            \
    }
#define ACCEPTED(name)                                                                                        \
    EXPORT Status fmi3##name(Component c) { (void)c; return OK; }

EXPORT const char *fmi3GetVersion(void) { return "3.0"; }
EXPORT Status fmi3SetDebugLogging(Component c, bool on, size_t n, const char *const categories[])
{
    (void)c; (void)on; (void)n; (void)categories;
    return OK;
}

EXPORT Component fmi3InstantiateModelExchange(const char *name, const char *token, const char *resources, bool visible,
                                              bool logging, void *environment, void (*log)(void))
{
    (void)name; (void)resources; (void)visible; (void)logging; (void)environment; (void)log;
    return instantiate(token);
}
EXPORT Component fmi3InstantiateCoSimulation(const char *name, const char *token, const char *resources, bool visible,
                                             bool logging, bool events, bool early, References required, size_t n,
                                             void *environment, void (*log)(void), void (*intermediate)(void))
{
    (void)name; (void)resources; (void)visible; (void)logging; (void)events; (void)early; (void)required; (void)n;
    (void)environment; (void)log; (void)intermediate;
    return instantiate(token);
}
EXPORT Component fmi3InstantiateScheduledExecution(const char *name, const char *token, const char *resources,
                                                   bool visible, bool logging, void *environment, void (*log)(void),
                                                   void (*clock)(void), void (*lock)(void), void (*unlock)(void))
{
    (void)name; (void)token; (void)resources; (void)visible; (void)logging; (void)environment; (void)log; (void)clock;
    (void)lock; (void)unlock;
    return NULL;
}
EXPORT void fmi3FreeInstance(Component c) { free(c); }
EXPORT Status fmi3EnterInitializationMode(Component c, bool defined, double tolerance, double first, bool ends,
                                          double last)
{
    (void)defined; (void)tolerance; (void)ends; (void)last;
    return set_time(c, first);
}
ACCEPTED(ExitInitializationMode)
ACCEPTED(EnterEventMode)
ACCEPTED(EnterContinuousTimeMode)
ACCEPTED(EnterStepMode)
ACCEPTED(EnterConfigurationMode)
ACCEPTED(ExitConfigurationMode)
ACCEPTED(EvaluateDiscreteStates)
ACCEPTED(Terminate)
EXPORT Status fmi3Reset(Component c) { start(c); return OK; }

EXPORT Status fmi3GetFloat64(Component c, References references, size_t n, double values[], size_t m)
{
    return get_numbers(c, references, n, values, m) ? OK : ERROR;
}
EXPORT Status fmi3SetFloat64(Component c, References references, size_t n, const double values[], size_t m)
{
    return m == n && set_numbers(c, references, n, values) ? OK : ERROR;
}
EXPORT Status fmi3GetBoolean(Component c, References references, size_t n, bool values[], size_t m)
{
    size_t i;
    int inside;
    for (i = 0; i < n; ++i) {
        if (i >= m || !is_inside(c, references[i], &inside)) return ERROR;
        values[i] = inside != 0;
    }
    return OK;
}
EXPORT Status fmi3SetBoolean(Component c, References references, size_t n, const bool values[], size_t m)
{
    (void)c; (void)references; (void)values; (void)m;
    return n == 0 ? OK : ERROR;
}
NO_VARIABLES(Float32, float)
NO_VARIABLES(Int8, int8_t)
NO_VARIABLES(UInt8, uint8_t)
NO_VARIABLES(Int16, int16_t)
NO_VARIABLES(UInt16, uint16_t)
NO_VARIABLES(Int32, int32_t)
NO_VARIABLES(UInt32, uint32_t)
NO_VARIABLES(Int64, int64_t)
NO_VARIABLES(UInt64, uint64_t)
NO_VARIABLES(String, char *)
EXPORT Status fmi3GetBinary(Component c, References references, size_t n, size_t sizes[], const uint8_t *values[],
                            size_t m)
{
    (void)c; (void)references; (void)sizes; (void)values; (void)m;
    return n == 0 ? OK : ERROR;
}
EXPORT Status fmi3SetBinary(Component c, References references, size_t n, const size_t sizes[],
                            const uint8_t *const values[], size_t m)
{
    (void)c; (void)references; (void)sizes; (void)values; (void)m;
    return n == 0 ? OK : ERROR;
}
EXPORT Status fmi3GetClock(Component c, References references, size_t n, bool values[])
{
    (void)c; (void)references; (void)values;
    return n == 0 ? OK : ERROR;
}
EXPORT Status fmi3SetClock(Component c, References references, size_t n, const bool values[])
{
    (void)c; (void)references; (void)values;
    return n == 0 ? OK : ERROR;
}

/* Not offered, as modelDescription.xml says. */
EXPORT Status fmi3GetNumberOfVariableDependencies(Component c, uint32_t reference, size_t *n)
{
    (void)c; (void)reference; (void)n;
    return ERROR;
}
EXPORT Status fmi3GetVariableDependencies(Component c, uint32_t dependent, size_t elements[], uint32_t independents[],
                                          size_t others[], int kinds[], size_t n)
{
    (void)c; (void)dependent; (void)elements; (void)independents; (void)others; (void)kinds; (void)n;
    return ERROR;
}
EXPORT Status fmi3GetFMUState(Component c, void **state) { (void)c; (void)state; return ERROR; }
EXPORT Status fmi3SetFMUState(Component c, void *state) { (void)c; (void)state; return ERROR; }
EXPORT Status fmi3FreeFMUState(Component c, void **state) { (void)c; (void)state; return ERROR; }
EXPORT Status fmi3SerializedFMUStateSize(Component c, void *state, size_t *size)
{
    (void)c; (void)state; (void)size;
    return ERROR;
}
EXPORT Status fmi3SerializeFMUState(Component c, void *state, uint8_t bytes[], size_t size)
{
    (void)c; (void)state; (void)bytes; (void)size;
    return ERROR;
}
EXPORT Status fmi3DeserializeFMUState(Component c, const uint8_t bytes[], size_t size, void **state)
{
    (void)c; (void)bytes; (void)size; (void)state;
    return ERROR;
}
EXPORT Status fmi3GetDirectionalDerivative(Component c, References unknowns, size_t n, References knowns, size_t m,
                                           const double seed[], size_t seeds, double change[], size_t changes)
{
    (void)c; (void)unknowns; (void)n; (void)knowns; (void)m; (void)seed; (void)seeds; (void)change; (void)changes;
    return ERROR;
}
EXPORT Status fmi3GetAdjointDerivative(Component c, References unknowns, size_t n, References knowns, size_t m,
                                       const double seed[], size_t seeds, double change[], size_t changes)
{
    (void)c; (void)unknowns; (void)n; (void)knowns; (void)m; (void)seed; (void)seeds; (void)change; (void)changes;
    return ERROR;
}
EXPORT Status fmi3GetOutputDerivatives(Component c, References references, size_t n, const int32_t orders[],
                                       double values[], size_t m)
{
    (void)c; (void)references; (void)n; (void)orders; (void)values; (void)m;
    return ERROR;
}
EXPORT Status fmi3GetIntervalDecimal(Component c, References clocks, size_t n, double intervals[], int qualifiers[])
{
    (void)c; (void)clocks; (void)n; (void)intervals; (void)qualifiers;
    return ERROR;
}
EXPORT Status fmi3GetIntervalFraction(Component c, References clocks, size_t n, uint64_t counters[],
                                      uint64_t resolutions[], int qualifiers[])
{
    (void)c; (void)clocks; (void)n; (void)counters; (void)resolutions; (void)qualifiers;
    return ERROR;
}
EXPORT Status fmi3GetShiftDecimal(Component c, References clocks, size_t n, double shifts[])
{
    (void)c; (void)clocks; (void)n; (void)shifts;
    return ERROR;
}
EXPORT Status fmi3GetShiftFraction(Component c, References clocks, size_t n, uint64_t counters[], uint64_t resolutions[])
{
    (void)c; (void)clocks; (void)n; (void)counters; (void)resolutions;
    return ERROR;
}
EXPORT Status fmi3SetIntervalDecimal(Component c, References clocks, size_t n, const double intervals[])
{
    (void)c; (void)clocks; (void)n; (void)intervals;
    return ERROR;
}
EXPORT Status fmi3SetIntervalFraction(Component c, References clocks, size_t n, const uint64_t counters[],
                                      const uint64_t resolutions[])
{
    (void)c; (void)clocks; (void)n; (void)counters; (void)resolutions;
    return ERROR;
}
EXPORT Status fmi3SetShiftDecimal(Component c, References clocks, size_t n, const double shifts[])
{
    (void)c; (void)clocks; (void)n; (void)shifts;
    return ERROR;
}
EXPORT Status fmi3SetShiftFraction(Component c, References clocks, size_t n, const uint64_t counters[],
                                   const uint64_t resolutions[])
{
    (void)c; (void)clocks; (void)n; (void)counters; (void)resolutions;
    return ERROR;
}
EXPORT Status fmi3ActivateModelPartition(Component c, uint32_t clock, double time)
{
    (void)c; (void)clock; (void)time;
    return ERROR;
}

/* Events and model exchange: there is no state, no event and no derivative. */
EXPORT Status fmi3UpdateDiscreteStates(Component c, bool *again, bool *terminate, bool *nominals, bool *states,
                                       bool *next, double *time)
{
    (void)c;
    *again = *terminate = *nominals = *states = *next = false;
    *time = 0.0;
    return OK;
}
EXPORT Status fmi3CompletedIntegratorStep(Component c, bool final, bool *event, bool *terminate)
{
    (void)c; (void)final;
    *event = *terminate = false;
    return OK;
}
EXPORT Status fmi3SetTime(Component c, double time) { return set_time(c, time); }
NO_STATES(SetContinuousStates, const double)
NO_STATES(GetContinuousStateDerivatives, double)
NO_STATES(GetEventIndicators, double)
NO_STATES(GetContinuousStates, double)
NO_STATES(GetNominalsOfContinuousStates, double)
EXPORT Status fmi3GetNumberOfEventIndicators(Component c, size_t *n) { (void)c; *n = 0; return OK; }
EXPORT Status fmi3GetNumberOfContinuousStates(Component c, size_t *n) { (void)c; *n = 0; return OK; }

/* Co-simulation: outputs follow the parameters at once, a step changes nothing. */
EXPORT Status fmi3DoStep(Component c, double time, double step, bool final, bool *event, bool *terminate, bool *early,
                         double *reached)
{
    (void)final;
    *event = *terminate = *early = false;
    *reached = time + step;
    return set_time(c, *reached);
}
