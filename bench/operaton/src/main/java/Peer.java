import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.ArrayList;
import java.util.List;
import org.operaton.bpm.engine.ProcessEngine;
import org.operaton.bpm.engine.delegate.DelegateTask;
import org.operaton.bpm.engine.delegate.TaskListener;
import org.operaton.bpm.engine.impl.cfg.StandaloneProcessEngineConfiguration;
import org.operaton.bpm.engine.impl.persistence.StrongUuidGenerator;

/**
 * An embedded Operaton engine that completes tasks; every step is one transaction.
 *
 * <p>{@code Peer MODEL SCHEMA HISTORY CASES} opens so many cases and prints {@code ready}. Each line that it reads is a
 * number of seconds; it answers how many steps eight threads did in them. PGHOST (a socket's folder), PGPORT, PGUSER,
 * PGPASSWORD and PGDATABASE name the login. No authorization, no job executor: both favour it.
 */
public final class Peer {
  static final int THREADS = 8;

  /** The task that the last step of this thread opened, so that no query for it is charged to a step. */
  static final ThreadLocal<String> OPENED = new ThreadLocal<>();

  public static final class Capture implements TaskListener {
    @Override
    public void notify(DelegateTask task) {
      OPENED.set(task.getId());
    }
  }

  interface Work {
    long run(int thread) throws Exception;
  }

  public static void main(String[] words) throws Exception {
    String[] open = new String[Integer.parseInt(words[3])];
    try (HikariDataSource source = new HikariDataSource(pool(words[1]));
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in))) {
      ProcessEngine engine = engine(source, words[1], words[2]);
      engine.getRepositoryService().createDeployment().addString("bench.bpmn", Files.readString(Path.of(words[0]))).deploy();
      together(thread -> start(engine, open, thread));
      System.out.println("ready");
      for (String line = input.readLine(); line != null; line = input.readLine()) {
        long end = System.nanoTime() + (long) (Double.parseDouble(line) * 1e9);
        System.out.println(together(thread -> complete(engine, open, thread, end)));
      }
      engine.close();
    }
  }

  static HikariConfig pool(String schema) {
    String socket = env("PGHOST") + "/.s.PGSQL." + env("PGPORT");
    HikariConfig pool = new HikariConfig();
    pool.setJdbcUrl("jdbc:postgresql://localhost/" + env("PGDATABASE") + "?sslmode=disable&currentSchema=" + schema
        + "&socketFactory=org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg&socketFactoryArg=" + socket);
    pool.setUsername(env("PGUSER"));
    pool.setPassword(env("PGPASSWORD"));
    pool.setMaximumPoolSize(THREADS + 2);
    pool.setAutoCommit(false);
    return pool;
  }

  static ProcessEngine engine(HikariDataSource source, String schema, String history) {
    var settings = new StandaloneProcessEngineConfiguration();
    settings.setDataSource(source);
    settings.setDatabaseSchema(schema);
    settings.setDatabaseTablePrefix(schema + ".");
    settings.setDatabaseSchemaUpdate("true");
    settings.setJobExecutorActivate(false);
    settings.setIdGenerator(new StrongUuidGenerator());
    if (!history.equals("default")) settings.setHistory(history);
    Map<Object, Object> beans = new HashMap<>();
    beans.put("capture", new Capture());
    settings.setBeans(beans);
    return settings.buildProcessEngine();
  }

  static long start(ProcessEngine engine, String[] open, int thread) {
    Map<String, Object> values = new HashMap<>();
    for (int number = 1; number <= 10; number++) values.put("value_" + number, "Wert " + number);
    for (int at = thread; at < open.length; at += THREADS) {
      engine.getRuntimeService().startProcessInstanceByKey("bench", values);
      open[at] = OPENED.get();
    }
    return open.length;
  }

  static long complete(ProcessEngine engine, String[] open, int thread, long end) {
    long steps = 0;
    for (int at = thread; System.nanoTime() < end; at = at + THREADS < open.length ? at + THREADS : thread) {
      engine.getTaskService().complete(open[at], Map.of("outcome", "again", "remark", "geprüft"));
      open[at] = OPENED.get();
      steps++;
    }
    return steps;
  }

  /** The sum of what each thread answers. */
  static long together(Work work) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try {
      List<Future<Long>> parts = new ArrayList<>();
      for (int thread = 0; thread < THREADS; thread++) {
        int own = thread;
        parts.add(threads.submit(() -> work.run(own)));
      }
      long sum = 0;
      for (Future<Long> part : parts) sum += part.get();
      return sum;
    } finally {
      threads.shutdown();
    }
  }

  static String env(String name) {
    return System.getenv(name);
  }
}
