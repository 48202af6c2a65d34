/* FMI 2.0 for co-simulation and model exchange, of a model without states. */
#include "instance.h"

typedef int Status; /* 0 OK, 3 error */
typedef void *Component;
typedef const unsigned int *References;
enum { OK = 0, ERROR = 3 };

typedef struct {
    int newDiscreteStatesNeeded, terminateSimulation, nominalsOfContinuousStatesChanged;
    int valuesOfContinuousStatesChanged, nextEventTimeDefined;
    double nextEventTime;
} EventInfo;

EXPORT const char *fmi2GetTypesPlatform(void) { return "default"; }
EXPORT const char *fmi2GetVersion(void) { return "2.0"; }

EXPORT Component fmi2Instantiate(const char *name, int type, const char *guid, const char *resources,
                                 const void *callbacks, int visible, int logging)
{
    (void)name; (void)type; (void)resources; (void)callbacks; (void)visible; (void)logging;
    return instantiate(guid);
}

EXPORT void fmi2FreeInstance(Component c) { free(c); }
EXPORT Status fmi2SetDebugLogging(Component c, int on, size_t n, const char *const categories[])
{
    (void)c; (void)on; (void)n; (void)categories;
    return OK;
}
EXPORT Status fmi2SetupExperiment(Component c, int defined, double tolerance, double first, int ends, double last)
{
    (void)defined; (void)tolerance; (void)ends; (void)last;
    return set_time(c, first);
}
EXPORT Status fmi2EnterInitializationMode(Component c) { (void)c; return OK; }
EXPORT Status fmi2ExitInitializationMode(Component c) { (void)c; return OK; }
EXPORT Status fmi2Terminate(Component c) { (void)c; return OK; }
EXPORT Status fmi2Reset(Component c) { start(c); return OK; }

EXPORT Status fmi2GetReal(Component c, References references, size_t n, double values[])
{
    return get_numbers(c, references, n, values, n) ? OK : ERROR;
}
EXPORT Status fmi2SetReal(Component c, References references, size_t n, const double values[])
{
    return set_numbers(c, references, n, values) ? OK : ERROR;
}
EXPORT Status fmi2GetBoolean(Component c, References references, size_t n, int values[])
{
    size_t i;
    for (i = 0; i < n; ++i)
        if (!is_inside(c, references[i], values + i)) return ERROR;
    return OK;
}
EXPORT Status fmi2SetBoolean(Component c, References references, size_t n, const int values[])
{
    (void)c; (void)references; (void)values;
    return n == 0 ? OK : ERROR;
}
EXPORT Status fmi2GetInteger(Component c, References references, size_t n, int values[])
{
    (void)c; (void)references; (void)values;
    return n == 0 ? OK : ERROR;
}
EXPORT Status fmi2SetInteger(Component c, References references, size_t n, const int values[])
{
    (void)c; (void)references; (void)values;
    return n == 0 ? OK : ERROR;
}
EXPORT Status fmi2GetString(Component c, References references, size_t n, const char *values[])
{
    (void)c; (void)references; (void)values;
    return n == 0 ? OK : ERROR;
}
EXPORT Status fmi2SetString(Component c, References references, size_t n, const char *const values[])
{
    (void)c; (void)references; (void)values;
    return n == 0 ? OK : ERROR;
}

/* Not offered, as modelDescription.xml says. */
EXPORT Status fmi2GetFMUstate(Component c, void **state) { (void)c; (void)state; return ERROR; }
EXPORT Status fmi2SetFMUstate(Component c, void *state) { (void)c; (void)state; return ERROR; }
EXPORT Status fmi2FreeFMUstate(Component c, void **state) { (void)c; (void)state; return ERROR; }
EXPORT Status fmi2SerializedFMUstateSize(Component c, void *state, size_t *size)
{
    (void)c; (void)state; (void)size;
    return ERROR;
}
EXPORT Status fmi2SerializeFMUstate(Component c, void *state, char bytes[], size_t size)
{
    (void)c; (void)state; (void)bytes; (void)size;
    return ERROR;
}
EXPORT Status fmi2DeSerializeFMUstate(Component c, const char bytes[], size_t size, void **state)
{
    (void)c; (void)bytes; (void)size; (void)state;
    return ERROR;
}
EXPORT Status fmi2GetDirectionalDerivative(Component c, References unknowns, size_t n, References knowns, size_t m,
                                           const double seed[], double change[])
{
    (void)c; (void)unknowns; (void)n; (void)knowns; (void)m; (void)seed; (void)change;
    return ERROR;
}

/* Model exchange: there is no state, no event and no derivative. */
EXPORT Status fmi2EnterEventMode(Component c) { (void)c; return OK; }
EXPORT Status fmi2NewDiscreteStates(Component c, EventInfo *info)
{
    (void)c;
    memset(info, 0, sizeof *info);
    return OK;
}
EXPORT Status fmi2EnterContinuousTimeMode(Component c) { (void)c; return OK; }
EXPORT Status fmi2CompletedIntegratorStep(Component c, int final, int *event, int *terminate)
{
    (void)c; (void)final;
    *event = *terminate = 0;
    return OK;
}
EXPORT Status fmi2SetTime(Component c, double time) { return set_time(c, time); }
EXPORT Status fmi2SetContinuousStates(Component c, const double states[], size_t n)
{
    (void)c; (void)states;
    return n == 0 ? OK : ERROR;
}
EXPORT Status fmi2GetDerivatives(Component c, double values[], size_t n)
{
    (void)c; (void)values;
    return n == 0 ? OK : ERROR;
}
EXPORT Status fmi2GetEventIndicators(Component c, double values[], size_t n)
{
    (void)c; (void)values;
    return n == 0 ? OK : ERROR;
}
EXPORT Status fmi2GetContinuousStates(Component c, double values[], size_t n)
{
    (void)c; (void)values;
    return n == 0 ? OK : ERROR;
}
EXPORT Status fmi2GetNominalsOfContinuousStates(Component c, double values[], size_t n)
{
    (void)c; (void)values;
    return n == 0 ? OK : ERROR;
}

/* Co-simulation: outputs follow the parameters at once, a step changes nothing. */
EXPORT Status fmi2DoStep(Component c, double time, double step, int final)
{
    (void)final;
    return set_time(c, time + step);
}
EXPORT Status fmi2CancelStep(Component c) { (void)c; return ERROR; }
EXPORT Status fmi2SetRealInputDerivatives(Component c, References references, size_t n, const int orders[],
                                          const double values[])
{
    (void)c; (void)references; (void)n; (void)orders; (void)values;
    return ERROR;
}
EXPORT Status fmi2GetRealOutputDerivatives(Component c, References references, size_t n, const int orders[],
                                           double values[])
{
    (void)c; (void)references; (void)n; (void)orders; (void)values;
    return ERROR;
}
EXPORT Status fmi2GetStatus(Component c, int kind, int *value) { (void)c; (void)kind; (void)value; return ERROR; }
EXPORT Status fmi2GetRealStatus(Component c, int kind, double *value) { (void)c; (void)kind; (void)value; return ERROR; }
EXPORT Status fmi2GetIntegerStatus(Component c, int kind, int *value) { (void)c; (void)kind; (void)value; return ERROR; }
EXPORT Status fmi2GetBooleanStatus(Component c, int kind, int *value) { (void)c; (void)kind; (void)value; return ERROR; }
EXPORT Status fmi2GetStringStatus(Component c, int kind, const char **value)
{
    (void)c; (void)kind; (void)value;
    return ERROR;
}
