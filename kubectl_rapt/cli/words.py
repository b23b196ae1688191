"""What every command says of itself, so that help and completion import none. `make docs` writes it: change those."""

# ruff: noqa: E501
# fmt: off
from kubectl_rapt.cli.wording import Command, Flag

SHARED = (
    Flag(("--in",), "ENV", "Environment; else your default, unless that is reviewed", False),
    Flag(("-n", "--namespace",), "NAME", "Namespace to use", False),
    Flag(("--context",), "NAME", "Kube context to use", False),
    Flag(("--kubeconfig",), "FILE", "Path of the kubeconfig file", False),
    Flag(("--as",), "USER", "User to impersonate", False),
    Flag(("--as-group",), "GROUP", "Group to impersonate (repeatable)", True),
    Flag(("--request-timeout",), "TIME", "For one request, 30s if not given; 0 is for ever", False),
    Flag(("-v", "--v",), "LEVEL", "Show requests (6), bodies without secrets (8)", False),
)
COMMANDS = {
    "search": Command(
        "Templates", "Find templates in the registries", False,
        "Find templates in the registries.",
        "kubectl rapt search backup",
        (
            ("[WORD]", "Part of a name or a summary; none for all"),
        ),
        (
            Flag(("-o", "--output",), "json|yaml|name", "Output format", False),
        ),
    ),
    "show": Command(
        "Templates", "Show a template: parameters, policies, a command to try", False,
        "Show a template: parameters with types and defaults, policies, versions, a command to try.",
        "kubectl rapt show http-check",
        (
            ("TEMPLATE", "The template to show: NAME, REGISTRY/NAME or NAME@VERSION"),
        ),
        (
            Flag(("-o", "--output",), "json|yaml", "Output format", False),
        ),
    ),
    "registry": Command(
        "Templates", "List, add, update and verify the registries", True,
        "List the registries as they were last fetched, by priority, with what is quarantined.",
        "kubectl rapt registry",
        (
        ),
        (
            Flag(("-o", "--output",), "json|yaml|name", "Output format", False),
        ),
    ),
    "registry add": Command(
        "Templates", "Read a registry and list it in rapt.yaml", False,
        "Read a registry, and list it in rapt.yaml. Keys are of ssh, one a line, or a PGP block; - is standard input.",
        "kubectl rapt registry add team https://git.example.com/platform/tools.git --priority 60",
        (
            ("NAME", "What it is to be called"),
            ("URL", "The address of its git repository"),
        ),
        (
            Flag(("--priority",), "NUMBER", "The higher wins where several have a template of one name (default 50)", False),
            Flag(("--branch",), "NAME", "The branch that is read (default main)", False),
            Flag(("--keys",), "FILE", "Public keys, one of which must sign every version (repeatable)", True),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "registry remove": Command(
        "Templates", "Take a registry off the list", False,
        "Take a registry off the list in rapt.yaml; not while tools that came from it are installed.",
        "kubectl rapt registry remove team",
        (
            ("NAME", "The registry"),
        ),
        (
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "registry update": Command(
        "Templates", "Fetch all registries, tell what is new", False,
        "Fetch all registries and tell which versions are new; what was moved is an alarm.",
        "kubectl rapt registry update",
        (
        ),
        (
            Flag(("-o", "--output",), "json|yaml|name", "Output format", False),
        ),
    ),
    "registry verify": Command(
        "Templates", "Check every version and every lock", False,
        "Check every version against its tree, digest, tag and signature, and every lock in the config repository.",
        "kubectl rapt registry verify",
        (
        ),
        (
            Flag(("-o", "--output",), "json|yaml|name", "Output format", False),
        ),
    ),
    "template": Command(
        "Templates", "Write, test, release and publish templates", False,
        "Write, test, release and publish templates, in a checkout of a registry.",
        "kubectl rapt template new backup --from job.yaml",
        (
        ),
        (
        ),
    ),
    "template new": Command(
        "Templates", "Begin a template, also from a Job or CronJob", False,
        "Begin a template: a small one with a test of each kind, or one made of a Job or CronJob.",
        "kubectl rapt template new backup --from cronjob.yaml",
        (
            ("NAME", "What to call it"),
        ),
        (
            Flag(("--from",), "FILE|-", "A Job or CronJob to make it of; - reads standard input", False),
            Flag(("--summary",), "TEXT", "What it does, in one line", False),
            Flag(("--keep",), "NAME", "A literal that stays, and becomes no parameter (repeatable)", True),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "template lint": Command(
        "Templates", "Find everything that is wrong with templates", False,
        "Look templates over: everything that can be wrong, each with file and line.",
        "kubectl rapt template lint backup",
        (
            ("[NAME…]", "Templates, or their folders; all of the registry around you if none"),
        ),
        (
            Flag(("-o", "--output",), "json", "Output format", False),
        ),
    ),
    "template test": Command(
        "Templates", "Run the tests of templates", False,
        "Run the tests of templates.",
        "kubectl rapt template test backup --update",
        (
            ("[NAME…]", "Templates, or their folders; all of the registry around you if none"),
        ),
        (
            Flag(("--update",), "", "Rewrite golden files as the templates render now", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
            Flag(("-o", "--output",), "json", "Output format", False),
            Flag(("--junit",), "FILE", "Write the results as JUnit XML too", False),
            Flag(("-w", "--watch",), "", "Run them again whenever a file of the registry changes", False),
        ),
    ),
    "template impact": Command(
        "Templates", "Show what a version would do to the tools that have it", False,
        "Show what a version would do to every tool that was installed from this registry, before anybody upgrades. Ends with 1 where a tool would break: an answer is missing, or it would not render. All environments are looked at, unless one is named with --in.",
        "kubectl rapt template impact backup --repository git@git.example.com:platform/config.git",
        (
            ("NAME[@VERSION]", "The template as it is here, or a version that was released"),
        ),
        (
            Flag(("--repository",), "URL|PATH", "Config repositories (repeatable); yours if none", True),
            Flag(("-o", "--output",), "json", "Output format", False),
        ),
    ),
    "template release": Command(
        "Templates", "Give a template its version and its place in the index", False,
        "Release templates: their versions and places in the index, once lint and tests pass.",
        "kubectl rapt template release backup --bump minor",
        (
            ("NAME…", "The templates, or their folders"),
        ),
        (
            Flag(("--bump",), "patch|minor|major", "Raise the version; else that of template.yaml is taken", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "template publish": Command(
        "Templates", "Push a release to the registry, for review", False,
        "Push releases to the registry's repository, each on a branch of its own for review.",
        "kubectl rapt template publish backup",
        (
            ("NAME…", "The templates, or their folders"),
        ),
        (
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "dev": Command(
        "Templates", "Try a template on this machine", True,
        "Try a template on this machine, with podman, Docker or a cluster of your own.",
        "kubectl rapt dev run backup --watch",
        (
        ),
        (
        ),
    ),
    "dev run": Command(
        "Templates", "Run a template's pod with podman, Docker or your own cluster", False,
        "Render a template and run its pod on this machine; says what is not as in a cluster.",
        "kubectl rapt dev run templates/backup --set host=localhost --watch",
        (
            ("FOLDER", "A template's folder or name, or a Tool of your cluster"),
        ),
        (
            Flag(("--set",), "NAME=VALUE", "Answer a parameter (repeatable)", True),
            Flag(("--env",), "NAME=VALUE", "A variable that a Secret would fill (repeatable)", True),
            Flag(("--mount",), "LOCAL:PATH", "Files that a volume would hold (repeatable)", True),
            Flag(("--with",), "podman|docker|cluster", "What runs it; the first that answers", False),
            Flag(("-w", "--watch",), "", "Run it again whenever the template's folder changes", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "dev up": Command(
        "Templates", "Start a cluster of your own", False,
        "Start a cluster of your own: kind where Docker answers; in a checkout of Rapt, its own test cluster.",
        "kubectl rapt dev up",
        (
        ),
        (
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "dev down": Command(
        "Templates", "End the cluster that dev up started", False,
        "End the cluster that dev up started; one that was there before stays.",
        "kubectl rapt dev down",
        (
        ),
        (
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "init": Command(
        "Config repository", "Set up a config repository and your settings", False,
        "Set up a config repository and your settings; again, it completes what is missing.",
        "kubectl rapt init --local --dev shop-dev --prod shop-prod",
        (
            ("[REPOSITORY]", "An existing repository: https://…, user@host:path; else that of your settings"),
        ),
        (
            Flag(("--local",), "", "A bare repository in your own data folder", False),
            Flag(("--owners",), "NAME,…", "Who reviews what Rapt writes: CODEOWNERS, on a forge", False),
            Flag(("--dev",), "NAMESPACE", "Namespace of dev; else the one that kubectl uses", False),
            Flag(("--prod",), "NAMESPACE", "Namespace of prod; else the one that is named like dev's", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "add": Command(
        "Config repository", "Add a tool to an environment, for review", False,
        "Add a tool to an environment; where that is reviewed, as a change on a branch of its own.",
        "kubectl rapt add http-check --in prod --set url=http://example.com --schedule '*/15 * * * *'",
        (
            ("TEMPLATE", "The template; with --image, the tool's name"),
            ("[-- COMMAND…]", "With --image: what to run"),
        ),
        (
            Flag(("--set",), "NAME=VALUE", "Answer a parameter (repeatable)", True),
            Flag(("--name",), "TOOL", "What to call the tool", False),
            Flag(("--image",), "IMAGE", "Any image, with a command after --", False),
            Flag(("--schedule",), "CRON", "Run by itself at these times (repeatable)", True),
            Flag(("--time-zone",), "ZONE", "Time zone of the schedules", False),
            Flag(("--allow-literal",), "sha256:…", "A value of this digest is no secret (repeatable)", True),
            Flag(("--replace",), "", "Replace the tool of that name: its template, answers and schedules go", False),
            Flag(("--overwrite",), "", "Replace rendered files that were edited by hand", False),
            Flag(("--draft",), "", "The pull request is a draft", False),
            Flag(("--wait",), "", "Wait until the change is merged", False),
            Flag(("--sync",), "", "Wait, and apply it to its cluster then", False),
            Flag(("--timeout",), "TIME", "Stop waiting after this long; 0 is never", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
            Flag(("-o", "--output",), "json|yaml|name", "Print the objects", False),
        ),
    ),
    "set": Command(
        "Config repository", "Change a tool's answers, schedules or policies", False,
        "Change answers, schedules or policies of a tool; only those lines of its file change.",
        "kubectl rapt set backup retention=30d --schedule '0 3 * * *' --in prod",
        (
            ("TOOL", "The tool"),
            ("[NAME=VALUE…] [NAME-…]", "Answers to set, and to leave to the default again"),
        ),
        (
            Flag(("--schedule",), "CRON", "Run by itself at these times (repeatable)", True),
            Flag(("--time-zone",), "ZONE", "Time zone of the schedules", False),
            Flag(("--no-schedule",), "", "Never run by itself", False),
            Flag(("--retry",), "POLICY", "Retry policy; \"\" for the default", False),
            Flag(("--cleanup",), "POLICY", "Cleanup policy; \"\" for the default", False),
            Flag(("--overwrite",), "", "Replace rendered files that were edited by hand", False),
            Flag(("--draft",), "", "The pull request is a draft", False),
            Flag(("--wait",), "", "Wait until the change is merged", False),
            Flag(("--sync",), "", "Wait, and apply it to its cluster then", False),
            Flag(("--timeout",), "TIME", "Stop waiting after this long; 0 is never", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
            Flag(("-o", "--output",), "json|yaml|name", "Print the rendered objects", False),
        ),
    ),
    "upgrade": Command(
        "Config repository", "Upgrade tools to newer versions of their templates", False,
        "Upgrade tools within the registry that they come from; their answers are kept, everything is rendered anew.",
        "kubectl rapt upgrade backup --in prod --to ^1.2",
        (
            ("[TOOL…]", "The tools"),
        ),
        (
            Flag(("--all",), "", "Every tool of the environment", False),
            Flag(("--to",), "VERSION", "1.2.0, ^1.2 or ~1.2; else the newest", False),
            Flag(("--set",), "NAME=VALUE", "Answer what is new (repeatable)", True),
            Flag(("--unset",), "NAME", "Leave out what is no more (repeatable)", True),
            Flag(("--overwrite",), "", "Replace rendered files that were edited by hand", False),
            Flag(("--draft",), "", "The pull request is a draft", False),
            Flag(("--wait",), "", "Wait until the change is merged", False),
            Flag(("--sync",), "", "Wait, and apply it to its cluster then", False),
            Flag(("--timeout",), "TIME", "Stop waiting after this long; 0 is never", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "remove": Command(
        "Config repository", "Remove a tool from an environment", False,
        "Remove a tool from an environment; the runs that it had stay.",
        "kubectl rapt remove backup --in staging",
        (
            ("TOOL", "The tool"),
        ),
        (
            Flag(("--from-namespace",), "NAME,…", "Only from these namespaces; the others keep it", False),
            Flag(("--overwrite",), "", "Replace rendered files that were edited by hand", False),
            Flag(("--draft",), "", "The pull request is a draft", False),
            Flag(("--wait",), "", "Wait until the change is merged", False),
            Flag(("--sync",), "", "Wait, and apply it to its cluster then", False),
            Flag(("--timeout",), "TIME", "Stop waiting after this long; 0 is never", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "share": Command(
        "Config repository", "Share a tool with namespaces and environments", True,
        "Share a tool with other namespaces or environments, as one change.",
        "kubectl rapt share backup --in prod --to-namespace team-a,team-b",
        (
            ("TOOL", "The tool"),
        ),
        (
            Flag(("--to-namespace",), "NAME,…", "Namespaces that get it, within allowedNamespaces", False),
            Flag(("--to-environment",), "ENV,…", "Environments that get it", False),
            Flag(("--overwrite",), "", "Replace rendered files that were edited by hand", False),
            Flag(("--draft",), "", "The pull request is a draft", False),
            Flag(("--wait",), "", "Wait until the change is merged", False),
            Flag(("--sync",), "", "Wait, and apply it to its cluster then", False),
            Flag(("--timeout",), "TIME", "Stop waiting after this long; 0 is never", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "explain": Command(
        "Config repository", "Show which values hold for a tool, and who says so", True,
        "Show which values hold for a tool, and who says so.",
        "kubectl rapt explain backup retention --in prod",
        (
            ("TOOL", "The tool"),
            ("[KEY]", "One key, such as answers.url; none for all"),
        ),
        (
            Flag(("-o", "--output",), "json|yaml", "Output format", False),
        ),
    ),
    "history": Command(
        "Config repository", "Show every change of a tool", True,
        "Show every commit that changed a tool, newest first: which change, by whom, to which version.",
        "kubectl rapt history backup --in prod",
        (
            ("TOOL", "The tool"),
        ),
        (
            Flag(("-o", "--output",), "json|yaml|name", "Output format", False),
        ),
    ),
    "diff": Command(
        "Config repository", "Show which fields a sync, an upgrade or a change changes", True,
        "Show which fields of a tool's objects differ: what the next sync brings, unless a flag asks for more. Ends with 1 where something differs. The digest of the tool's file, which every object carries, is left aside.",
        "kubectl rapt diff backup --version ^1.3 --in prod",
        (
            ("TOOL", "The tool"),
        ),
        (
            Flag(("--version",), "RANGE", "What an upgrade to that version, such as ^1.2, would change", False),
            Flag(("--with",), "ENV", "What another environment has otherwise", False),
            Flag(("--change",), "ID", "What a waiting change does", False),
            Flag(("-o", "--output",), "json|yaml", "Output format", False),
        ),
    ),
    "render": Command(
        "Config repository", "Render again after an edit by hand", True,
        "Render again what rapt.yaml and the tools' files say, after they were edited by hand. In a checkout of the config repository it writes the files below rendered/ there; elsewhere it is one change, as with every other command. All environments are rendered, unless one is named with --in.",
        "kubectl rapt render",
        (
            ("[TOOL…]", "The tools; none for all"),
        ),
        (
            Flag(("--path",), "FOLDER", "A checkout of the config repository; else the one that you are in, if any", False),
            Flag(("--overwrite",), "", "Replace rendered files that were edited by hand", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "check": Command(
        "Config repository", "Render everything again and compare, for CI", False,
        "Render every tool of the config repository again: the same bytes, valid, policies hold. For its CI. In a checkout it checks the files as they are there; elsewhere the newest commit of the config repository. Ends with 1 where something is not right. All environments are checked, unless one is named with --in.",
        "kubectl rapt check",
        (
        ),
        (
            Flag(("--path",), "FOLDER", "A checkout of the config repository; else the one that you are in, if any", False),
            Flag(("-o", "--output",), "json|yaml|name", "Output format", False),
        ),
    ),
    "schema": Command(
        "Config repository", "Print the JSON Schema of a file that people write", True,
        "Print the JSON Schema of rapt.yaml, of a tool's file or of a template.yaml, for an editor.",
        "kubectl rapt schema tool > tool.schema.json",
        (
            ("project|tool|template", "Whose schema"),
        ),
        (
        ),
    ),
    "changes": Command(
        "Config repository", "List, show and merge open changes", False,
        "List the changes that wait for their review, and how far each is.",
        "kubectl rapt changes",
        (
        ),
        (
            Flag(("-o", "--output",), "json|yaml|name", "Output format", False),
        ),
    ),
    "changes show": Command(
        "Config repository", "Show how far a change is, and what it does", False,
        "Show how far a change is, who reviews it, and what it does, as a diff of its files.",
        "kubectl rapt changes show 7c1e42",
        (
            ("ID", "The change"),
        ),
        (
            Flag(("-o", "--output",), "json|yaml", "Output format", False),
        ),
    ),
    "changes open": Command(
        "Config repository", "Open the pull request of a change", False,
        "Open the pull request of a change: one that is missing, was closed, or is a draft.",
        "kubectl rapt changes open 7c1e42",
        (
            ("ID", "The change"),
        ),
        (
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "changes update": Command(
        "Config repository", "Render a change anew on today's main", False,
        "Render a change anew on today's main, and push that to its branch.",
        "kubectl rapt changes update 7c1e42",
        (
            ("ID", "The change"),
        ),
        (
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "changes abandon": Command(
        "Config repository", "Give a change up", False,
        "Give a change up: close its pull request, and delete its branch.",
        "kubectl rapt changes abandon 7c1e42 -m 'we need it no more'",
        (
            ("ID", "The change"),
        ),
        (
            Flag(("-m", "--message",), "TEXT", "Why, for the page of its pull request", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "changes merge": Command(
        "Config repository", "Merge a change, rendered anew on today's main", False,
        "Merge a change: its tools' files, rendered anew on today's main; on a forge, by its rules.",
        "kubectl rapt changes merge 7c1e42",
        (
            ("ID", "The change"),
        ),
        (
            Flag(("--wait",), "", "Wait until the change is merged", False),
            Flag(("--sync",), "", "Wait, and apply it to its cluster then", False),
            Flag(("--timeout",), "TIME", "Stop waiting after this long; 0 is never", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "sync": Command(
        "Config repository", "Apply an environment to its cluster", False,
        "Apply an environment to its cluster, and prune what is no longer defined.",
        "kubectl rapt sync --in prod",
        (
        ),
        (
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
            Flag(("--rollback",), "", "Allow an older commit than the applied one", False),
            Flag(("--overwrite",), "", "Apply rendered files as they are, also if edited by hand", False),
            Flag(("-o", "--output",), "name", "Print names only", False),
        ),
    ),
    "drift": Command(
        "Config repository", "Compare a cluster with the repository, both ways", False,
        "Compare an environment's cluster with the repository, both ways; ends with 1 where they differ.",
        "kubectl rapt drift --in prod",
        (
        ),
        (
            Flag(("-o", "--output",), "json|yaml", "Output format", False),
        ),
    ),
    "list": Command(
        "Tools and runs", "List the tools in the cluster", False,
        "List the tools in the cluster, or with --repository all that the config repository defines.",
        "kubectl rapt list --in prod",
        (
        ),
        (
            Flag(("-l", "--selector",), "SELECTOR", "Only with these labels", False),
            Flag(("--field-selector",), "SELECTOR", "Only with these fields, as the server knows them", False),
            Flag(("-A", "--all-namespaces",), "", "Of every namespace", False),
            Flag(("--sort-by",), "JSONPATH", "Sort by this field, such as .metadata.name", False),
            Flag(("--no-headers",), "", "Leave out the line of headers", False),
            Flag(("-o", "--output",), "FORMAT", "Output format: wide, json, yaml, name, jsonpath=…, custom-columns=…", False),
            Flag(("--repository",), "", "List what git defines instead, in every environment", False),
        ),
    ),
    "run": Command(
        "Tools and runs", "Run a tool", False,
        "Run a tool; while following, end with the container's exit code.",
        "kubectl rapt run http-check --set url=http://example.com --follow",
        (
            ("TOOL", "The tool to run"),
        ),
        (
            Flag(("--set",), "NAME=VALUE", "Answer a parameter (repeatable)", True),
            Flag(("--set-file",), "NAME=PATH", "Answer with a file's text (repeatable)", True),
            Flag(("--answers",), "FILE", "Answers as YAML or JSON; flags win", False),
            Flag(("--env",), "K=V", "Set a variable, as permitted (repeatable)", True),
            Flag(("--mount",), "LOCAL:PATH", "Give it files, at most 1 MiB (repeatable)", True),
            Flag(("--secret-mount",), "LOCAL:PATH", "The same as a Secret (repeatable)", True),
            Flag(("--matrix",), "NAME=A,B,…", "One run for each combination (repeatable)", True),
            Flag(("--parallel",), "N", "So many of a matrix at once, 4 if not given", False),
            Flag(("--review",), "", "Ask for a review, run after its merge", False),
            Flag(("--not-after",), "TIME", "Too late for a reviewed run, 24h if not given", False),
            Flag(("-f", "--follow",), "", "Follow the log to the end, or return at once; a terminal follows by default", False, "--detach"),
            Flag(("--wait",), "", "Follow without the log, and end as it does", False),
            Flag(("--timeout",), "TIME", "Stop following after this long; 0 is never", False),
            Flag(("--request-id",), "ID", "The same request never runs twice", False),
            Flag(("--dry-run",), "none|client|server", "Show the Job, run nothing; bare is client", False),
            Flag(("-o", "--output",), "json|yaml|name", "Print the Run; json with --follow: events", False),
            Flag(("--raw",), "", "Pass the log's bytes through unchanged", False),
        ),
    ),
    "attach": Command(
        "Tools and runs", "Follow a run that was left, and carry it on", True,
        "Follow a run that was left: it is resumed, closed and tried again as if nobody had left.",
        "kubectl rapt attach http-check-x7k2p",
        (
            ("RUN", "The run to go on with"),
        ),
        (
            Flag(("--wait",), "", "Follow without the log, and end as it does", False),
            Flag(("--timeout",), "TIME", "Stop following after this long; 0 is never", False),
            Flag(("-o", "--output",), "json", "One event a line", False),
            Flag(("--raw",), "", "Pass the log's bytes through unchanged", False),
        ),
    ),
    "retry": Command(
        "Tools and runs", "Try a run once more", False,
        "Try a run once more: one more attempt of the same run, from the Job that it had.",
        "kubectl rapt retry http-check-x7k2p --set memory=1Gi",
        (
            ("RUN", "The run to try again"),
        ),
        (
            Flag(("--set",), "NAME=VALUE", "Change an answer, or memory=2Gi or deadline=1h (repeatable)", True),
            Flag(("-f", "--follow",), "", "Follow the log to the end, or return at once; a terminal follows by default", False, "--detach"),
            Flag(("--wait",), "", "Follow without the log, and end as it does", False),
            Flag(("--timeout",), "TIME", "Stop following after this long; 0 is never", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
            Flag(("-o", "--output",), "json|yaml|name", "Print the Run", False),
            Flag(("--raw",), "", "Pass the log's bytes through unchanged", False),
        ),
    ),
    "runs": Command(
        "Tools and runs", "List runs, newest first", False,
        "List runs, newest first, those of schedules included.",
        "kubectl rapt runs http-check --status failed --since 24h",
        (
            ("[TOOL]", "Only of this tool"),
        ),
        (
            Flag(("--status",), "STATUS,…", "Only with these statuses; dead used up its attempts", False),
            Flag(("--by",), "USER", "Only what they asked for; cron for schedules", False),
            Flag(("--since",), "TIME", "Only of the last 24h, 7d, …", False),
            Flag(("--older-than",), "TIME", "Only from before that", False),
            Flag(("-w", "--watch",), "", "Go on: a line for each change", False),
            Flag(("-l", "--selector",), "SELECTOR", "Only with these labels", False),
            Flag(("--field-selector",), "SELECTOR", "Only with these fields, as the server knows them", False),
            Flag(("-A", "--all-namespaces",), "", "Of every namespace", False),
            Flag(("--sort-by",), "JSONPATH", "Sort by this field, such as .metadata.name", False),
            Flag(("--no-headers",), "", "Leave out the line of headers", False),
            Flag(("-o", "--output",), "FORMAT", "Output format: wide, json, yaml, name, jsonpath=…, custom-columns=…", False),
        ),
    ),
    "describe": Command(
        "Tools and runs", "Show everything about a tool or a run", False,
        "Show everything about a tool or a run.",
        "kubectl rapt describe http-check",
        (
            ("TOOL|RUN|job/NAME|pod/NAME", "What to describe"),
        ),
        (
            Flag(("-o", "--output",), "json|yaml|name|jsonpath=…", "Print the object", False),
        ),
    ),
    "logs": Command(
        "Tools and runs", "Print the log of a tool's newest run, a run, a job or a pod", False,
        "Print the log of a tool's newest run, of a run with all its attempts, of a job or a pod.",
        "kubectl rapt logs http-check",
        (
            ("TOOL|RUN|job/NAME|pod/NAME", "Whose log"),
        ),
        (
            Flag(("-f", "--follow",), "", "Go on until it ends, with its exit code", False),
            Flag(("--tail",), "LINES", "Only so many last lines; -1 is all (default -1)", False),
            Flag(("--attempt",), "N", "Only of this attempt; all if not given", False),
            Flag(("-c", "--container",), "NAME", "Only of this container", False),
            Flag(("--since",), "TIME", "Only of the last 5m, 2h, …", False),
            Flag(("--timestamps",), "", "With the time of each line", False),
            Flag(("--raw",), "", "Pass the log's bytes through unchanged", False),
        ),
    ),
    "schedule": Command(
        "Tools and runs", "Show what fires next, and what was missed", False,
        "Show what fires next across tools and environments, each in its own zone, and what was missed.",
        "kubectl rapt schedule --in prod --next 20",
        (
        ),
        (
            Flag(("--tool",), "TOOL", "Only of this tool", False),
            Flag(("--next",), "N", "How many firings to show (default 10)", False),
            Flag(("--repository",), "", "List what git defines instead, in every environment", False),
            Flag(("-l", "--selector",), "SELECTOR", "Only with these labels", False),
            Flag(("-A", "--all-namespaces",), "", "Of every namespace", False),
            Flag(("--no-headers",), "", "Leave out the line of headers", False),
            Flag(("-o", "--output",), "wide|json|yaml|jsonpath=…", "Output format", False),
        ),
    ),
    "schedule suspend": Command(
        "Tools and runs", "Stop a tool's schedules for a while", False,
        "Stop a tool's schedules until they are resumed; a sync does not undo it.",
        "kubectl rapt schedule suspend backup",
        (
            ("TOOL", "The tool"),
        ),
        (
            Flag(("--schedule",), "N", "Only its schedule of this number, counted from 1", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "schedule resume": Command(
        "Tools and runs", "Let a tool's schedules go on", False,
        "Let a tool's schedules go on.",
        "kubectl rapt schedule resume backup",
        (
            ("TOOL", "The tool"),
        ),
        (
            Flag(("--schedule",), "N", "Only its schedule of this number, counted from 1", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "schedule trigger": Command(
        "Tools and runs", "Run a schedule now", False,
        "Run a tool now as its schedule would, with the schedule's own answers.",
        "kubectl rapt schedule trigger backup",
        (
            ("TOOL", "The tool"),
        ),
        (
            Flag(("--schedule",), "N", "Only its schedule of this number, counted from 1", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
            Flag(("-o", "--output",), "name", "Print the Run's name", False),
        ),
    ),
    "schedule backfill": Command(
        "Tools and runs", "Run a schedule for times that have passed", False,
        "Run a schedule for times that have passed: one run a slot, and only where none ran. Where only one run of the tool may go on at a time, the slots take turns; it ends with 1 while some wait.",
        "kubectl rapt schedule backfill report --from 2026-11-01T00:00:00Z --dry-run",
        (
            ("TOOL", "The tool"),
        ),
        (
            Flag(("--from",), "TIME", "The first time, 2026-11-01T00:00:00Z (required)", False),
            Flag(("--to",), "TIME", "The last time; now if not given", False),
            Flag(("--schedule",), "N", "Only its schedule of this number, counted from 1", False),
            Flag(("--slot-as",), "NAME", "Answer this parameter with the slot's time", False),
            Flag(("-y", "--yes",), "", "Do not ask, above 20 runs", False),
            Flag(("--wait",), "", "Wait until every slot has begun, where only one run may go on", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "why": Command(
        "Tools and runs", "Explain where a run comes from and why it ended as it did", False,
        "Explain where a run comes from and why it ended as it did.",
        "kubectl rapt why job/http-check-x7k2p-1",
        (
            ("TOOL|RUN|job/NAME|pod/NAME", "What to explain"),
        ),
        (
            Flag(("--failed",), "", "All runs that failed, of a tool where one is named, with their causes", False),
            Flag(("-A", "--all-namespaces",), "", "With --failed: of every namespace", False),
            Flag(("-o", "--output",), "json|yaml", "Output format", False),
        ),
    ),
    "events": Command(
        "Tools and runs", "List what Kubernetes says of a run, its jobs and pods", True,
        "List what Kubernetes says of a run, its jobs and their pods, by time.",
        "kubectl rapt events http-check",
        (
            ("TOOL|RUN|job/NAME|pod/NAME", "Whose events; a tool's newest run"),
        ),
        (
            Flag(("-w", "--watch",), "", "Go on with those that come", False),
            Flag(("-o", "--output",), "json|yaml", "Output format", False),
        ),
    ),
    "timing": Command(
        "Tools and runs", "Show where a run's time went, or compare a tool's versions", True,
        "Show where the time of a run went, or compare the versions of a tool; 1 where one became slower.",
        "kubectl rapt timing http-check",
        (
            ("[TOOL|RUN|job/NAME|pod/NAME]", "What to time; with --self, a command"),
        ),
        (
            Flag(("-w", "--watch",), "", "Measure CPU and memory until the run has ended", False),
            Flag(("--every",), "TIME", "How often, with --watch (default 5s)", False),
            Flag(("--self",), "", "Time a command of kubectl rapt itself: start, imports, requests", False),
            Flag(("-o", "--output",), "json", "Output format", False),
        ),
    ),
    "shell": Command(
        "Tools and runs", "Open a shell in a run that goes on", True,
        "Open a shell in a run that goes on; where its image has none, in a container beside it.",
        "kubectl rapt shell http-check-x7k2p",
        (
            ("TOOL|RUN|job/NAME|pod/NAME", "Whose container to look into"),
            ("[-- COMMAND…]", "What to run instead of a shell"),
        ),
        (
            Flag(("-c", "--container",), "NAME", "The container", False),
            Flag(("--image",), "IMAGE", "Use an ephemeral container of this image beside it", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "debug": Command(
        "Tools and runs", "Start a run's pod once more, held, with a shell in it", True,
        "Start a run's pod once more with its command held, and open a shell in it; it counts as no run.",
        "kubectl rapt debug http-check-x7k2p --after",
        (
            ("RUN", "The run to look into"),
            ("[-- COMMAND…]", "What to run instead of a shell"),
        ),
        (
            Flag(("-c", "--container",), "NAME", "The container", False),
            Flag(("--attempt",), "NUMBER", "Of this attempt; the last if not given", False),
            Flag(("--after",), "", "Run its own command first, and hold the container if that fails", False),
            Flag(("--image",), "IMAGE", "Another image for the container", False),
            Flag(("--for",), "TIME", "Hold it for so long at most (default 1h)", False),
            Flag(("--keep",), "", "Leave it there when the shell ends", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "cancel": Command(
        "Tools and runs", "Stop a run, and close it as cancelled", True,
        "Stop a run: its pods get the time that Kubernetes gives them, and the run is closed as Cancelled.",
        "kubectl rapt cancel backup-x7k2p",
        (
            ("RUN", "The run"),
        ),
        (
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "dead": Command(
        "Tools and runs", "Repeat, export or delete runs that used up their attempts", True,
        "Repeat, export or delete runs that used up their attempts. List them with: kubectl rapt runs --status dead",
        "kubectl rapt dead replay backup-x7k2p --set memory=2Gi",
        (
        ),
        (
        ),
    ),
    "dead replay": Command(
        "Tools and runs", "Repeat dead runs as new runs, each once", False,
        "Repeat dead runs as new runs. The same replay with the same changes happens once, however often you type it. Without --set, the new run has the same Job. With --set, it uses today's tool, the old answers, and these.",
        "kubectl rapt dead replay -l rapt.dev/tool=backup --set memory=2Gi",
        (
            ("RUN…", "The dead runs"),
        ),
        (
            Flag(("-l", "--selector",), "LABELS", "Those with these labels", False),
            Flag(("--set",), "NAME=VALUE", "Another answer (repeatable)", True),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
            Flag(("-o", "--output",), "json|yaml|name", "Output format", False),
        ),
    ),
    "dead drop": Command(
        "Tools and runs", "Delete dead runs and their Jobs", False,
        "Delete dead runs and their Jobs, after showing them.",
        "kubectl rapt dead drop backup-x7k2p",
        (
            ("RUN…", "The dead runs"),
        ),
        (
            Flag(("-l", "--selector",), "LABELS", "Those with these labels", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
            Flag(("-y", "--yes",), "", "Do not ask", False),
        ),
    ),
    "dead export": Command(
        "Tools and runs", "Write dead runs to files", False,
        "Write dead runs to files: manifest, answers, causes, evidence, and logs.",
        "kubectl rapt dead export -l rapt.dev/tool=backup --to incident-7",
        (
            ("RUN…", "The dead runs"),
        ),
        (
            Flag(("-l", "--selector",), "LABELS", "Those with these labels", False),
            Flag(("--to",), "DIR", "The folder; else one in your own data folder", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "clean": Command(
        "Tools and runs", "Delete finished Jobs and runs that no policy keeps", False,
        "Delete finished Jobs and Runs that no policy keeps, after showing what goes and why.",
        "kubectl rapt clean backup --older-than 7d --status failed",
        (
            ("[TOOL]", "Only this tool's"),
        ),
        (
            Flag(("--older-than",), "TIME", "Jobs that ended so long ago, whatever policies say: 7d, 12h", False),
            Flag(("--status",), "WORD,…", "Only what is succeeded, failed, dead or notstarted", False),
            Flag(("--policy",), "NAME", "The policy that decides, instead of the tools' own", False),
            Flag(("--export",), "DIR", "First write manifest, cause and logs of all that goes here", False),
            Flag(("-A", "--all-namespaces",), "", "In every namespace", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
            Flag(("-y", "--yes",), "", "Do not ask", False),
            Flag(("-o", "--output",), "json|yaml|name", "Print the plan as data", False),
        ),
    ),
    "delete": Command(
        "Tools and runs", "Delete tools that git does not hold", True,
        "Delete tools from a namespace, and what serves them; the runs that they had stay. A tool of the config repository is not deleted but removed: kubectl rapt remove.",
        "kubectl rapt delete old-report",
        (
            ("TOOL…", "The tools"),
        ),
        (
            Flag(("-a", "--all",), "", "All tools of this one namespace", False),
            Flag(("--force",), "", "Also while runs go on: they go on", False),
            Flag(("-y", "--yes",), "", "Do not ask", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "reconcile": Command(
        "Tools and runs", "Do everything that is due, once", False,
        "Do everything that is due, once: retries, ends of runs, Jobs of schedules that failed, cleaning up.",
        "kubectl rapt reconcile -A",
        (
        ),
        (
            Flag(("-A", "--all-namespaces",), "", "In every namespace", False),
            Flag(("--export",), "DIR", "Where evidence is written that policies want exported first", False),
            Flag(("--webhook",), "URL", "Who is told of runs that failed or recovered; also RAPT_WEBHOOK_URL", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
            Flag(("-o", "--output",), "json|yaml", "Print what was done as data", False),
        ),
    ),
    "policy": Command(
        "Tools and runs", "List, show and simulate retry policies", True,
        "List the retry policies that a Tool of the namespace may name.",
        "kubectl rapt policy",
        (
        ),
        (
            Flag(("-o", "--output",), "json|yaml|name", "Output format", False),
        ),
    ),
    "policy show": Command(
        "Tools and runs", "Show what a policy does, and who does it", False,
        "Show a retry policy: which failures are tried again, how often and with what changed.",
        "kubectl rapt policy show transient --compiled",
        (
            ("NAME", "The policy"),
        ),
        (
            Flag(("--compiled",), "", "Show what Kubernetes does, and what Rapt does", False),
            Flag(("-o", "--output",), "json|yaml", "Output format", False),
        ),
    ),
    "policy simulate": Command(
        "Tools and runs", "Replay past failures, and show what would change", False,
        "Replay past failures through a policy, and print the decisions that would change.",
        "kubectl rapt policy simulate transient --since 7d",
        (
            ("NAME", "The policy"),
        ),
        (
            Flag(("--since",), "TIME", "How far back to look (default 604800)", False),
            Flag(("--tool",), "TOOL", "Only runs of this tool", False),
            Flag(("-o", "--output",), "json|yaml", "Output format", False),
        ),
    ),
    "install": Command(
        "Administration", "Install Rapt's kinds and roles in a cluster", False,
        "Install Rapt's kinds and roles in a cluster; needs an administrator, once a cluster. With --reconciler the cluster then does by itself what is due: see docs/reconcile.md.",
        "kubectl rapt install --context admin@prod",
        (
        ),
        (
            Flag(("--reconciler",), "", "Also a CronJob that reconciles every namespace", False),
            Flag(("--image",), "IMAGE", "Rapt's own image, for --reconciler", False),
            Flag(("--every",), "TIME", "How often it reconciles: 1m, 5m, 1h (default 1m)", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
            Flag(("-o", "--output",), "json|yaml|name", "Print the objects", False),
        ),
    ),
    "config": Command(
        "Administration", "Show and change your own settings", True,
        "Show and change your own settings: the config repository, the default environment and kube contexts.",
        "kubectl rapt config view",
        (
        ),
        (
        ),
    ),
    "config view": Command(
        "Administration", "Show your settings, and where each comes from", False,
        "Show your settings, and where each comes from.",
        "kubectl rapt config view",
        (
        ),
        (
            Flag(("-o", "--output",), "json|yaml", "Output format", False),
        ),
    ),
    "config set": Command(
        "Administration", "Change one of your settings", False,
        "Change one of your settings: the config repository, the default environment, an environment's kube context.",
        "kubectl rapt config set contexts.prod prod-admin",
        (
            ("SETTING", "The setting: repository, environment or contexts.ENV"),
            ("VALUE", "An address, an environment or a kube context"),
        ),
        (
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "config unset": Command(
        "Administration", "Remove one of your settings", False,
        "Remove one of your settings.",
        "kubectl rapt config unset contexts.prod",
        (
            ("SETTING", "The setting: repository, environment or contexts.ENV"),
        ),
        (
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "status": Command(
        "Administration", "Show how Rapt stands in the cluster, and what is broken", False,
        "Show how Rapt stands in the cluster; ends with 1 where something is broken, and never asks anything.",
        "kubectl rapt status -A",
        (
            ("[TOOL]", "Only of this tool"),
        ),
        (
            Flag(("-A", "--all-namespaces",), "", "Of every namespace", False),
            Flag(("-o", "--output",), "json|yaml|jsonpath=…", "Output format", False),
        ),
    ),
    "doctor": Command(
        "Administration", "Check everything that Rapt needs here, and say what helps", False,
        "Check all that Rapt rests on, side by side: this machine, the repositories, the forge, the cluster, your rights. Each line is ok, a warning or failed, with what helps; it ends with 1 where something failed.",
        "kubectl rapt doctor --in prod",
        (
        ),
        (
            Flag(("-o", "--output",), "json|yaml|jsonpath=…", "Output format", False),
        ),
    ),
    "help": Command(
        "Administration", "Print the help of a command, or what an error means", True,
        "Print the help of a command, the flags that every command has, or what an error means. errors alone lists them.",
        "kubectl rapt help errors no-tool",
        (
            ("[COMMAND…|flags|errors [CODE]]", "What to explain"),
        ),
        (
        ),
    ),
    "purge": Command(
        "Administration", "Delete everything of Rapt's from a cluster", True,
        "Delete everything of Rapt's from a cluster: runs and their record, tools, and the kinds themselves. The config repository is not touched. Needs an administrator.",
        "kubectl rapt purge --dry-run",
        (
        ),
        (
            Flag(("-y", "--yes",), "", "Do not ask for the cluster's name", False),
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "completion": Command(
        "Administration", "Complete names at the tab key", True,
        "Complete commands, flags and names at the tab key: after kubectl rapt, and after kubectl-rapt.",
        "kubectl rapt completion install",
        (
        ),
        (
        ),
    ),
    "completion install": Command(
        "Administration", "Put kubectl_complete-rapt on your PATH", False,
        "Put kubectl_complete-rapt on your PATH: kubectl asks it for what may follow kubectl rapt. It stands beside kubectl-rapt, or where that folder is not yours in ~/.local/bin. Again, it changes nothing.",
        "kubectl rapt completion install",
        (
        ),
        (
            Flag(("--dry-run",), "none|client", "Show what would be done, do nothing; bare is client", False),
        ),
    ),
    "completion bash": Command(
        "Administration", "Print the script for bash", False,
        "Print the completion of kubectl-rapt for bash.",
        "kubectl rapt completion bash > ~/.local/share/bash-completion/completions/kubectl-rapt",
        (
        ),
        (
        ),
    ),
    "completion zsh": Command(
        "Administration", "Print the script for zsh", False,
        "Print the completion of kubectl-rapt for zsh.",
        "kubectl rapt completion zsh > ~/.zfunc/_kubectl-rapt",
        (
        ),
        (
        ),
    ),
    "completion fish": Command(
        "Administration", "Print the script for fish", False,
        "Print the completion of kubectl-rapt for fish.",
        "kubectl rapt completion fish > ~/.config/fish/completions/kubectl-rapt.fish",
        (
        ),
        (
        ),
    ),
    "version": Command(
        "Administration", "Print the version", True,
        "Print the version. With -o, the keys are those of kubectl version.",
        "kubectl rapt version -o json",
        (
        ),
        (
            Flag(("-o", "--output",), "json|yaml", "Output format", False),
        ),
    ),
}
