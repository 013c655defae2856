package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.fault.ClusterOffice;
import io.capstan.chaos.workload.AttemptDriver;
import io.capstan.chaos.workload.WorkloadClient;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * A substrate with somebody between the run and the cluster, who hears the name of every method
 * that is called, and may answer instead of the cluster.
 *
 * @param instead null lets the cluster answer; {@link #NOTHING} keeps a deed from being done
 */
record InterposedSubstrate(
    SimSubstrate honest, BiFunction<String, Cluster, @Nullable Object> instead)
    implements Substrate {
  static final Object NOTHING = new Object();

  @Override
  public Cluster cluster() {
    Cluster real = honest.cluster();
    return (Cluster)
        Proxy.newProxyInstance(
            Cluster.class.getClassLoader(),
            new Class<?>[] {Cluster.class},
            (proxy, method, arguments) -> {
              Object lie = instead.apply(method.getName(), real);
              if (lie != null) {
                return method.getReturnType() == void.class ? null : lie;
              }
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Override
  public String name() {
    return honest.name();
  }

  @Override
  public ScenarioClients clients() {
    return honest.clients();
  }

  @Override
  public Pace pace() {
    return honest.pace();
  }

  @Override
  public AttemptDriver driver(List<WorkloadClient> clients, Duration attemptTimeout) {
    return honest.driver(clients, attemptTimeout);
  }

  @Override
  public ClusterOffice office(List<KeyspacePlan> keyspaces) {
    return honest.office(keyspaces);
  }

  @Override
  public String modeSwitchProblem(String keyspace) {
    return honest.modeSwitchProblem(keyspace);
  }

  @Override
  public void close() {
    honest.close();
  }
}
