PRAGMA application_id = 1919770992;
BEGIN TRANSACTION;
CREATE TABLE build (
  id INTEGER PRIMARY KEY, release TEXT NOT NULL, version TEXT NOT NULL, machine TEXT NOT NULL,
  package TEXT NOT NULL, compiler TEXT NOT NULL, source TEXT NOT NULL, configuration TEXT NOT NULL,
  UNIQUE (release, version, machine, package, compiler, source, configuration));
INSERT INTO "build" VALUES(1,'6.12.117+deb12-cloud-amd64','#1 SMP PREEMPT_DYNAMIC Debian 6.12.117-1~deb12u1 (2026-11-14)','x86_64','linux-image-6.12.117+deb12-cloud-amd64-unsigned 6.12.117-1~deb12u1','','','');
CREATE TABLE debut (
  defect INTEGER NOT NULL REFERENCES defect, line TEXT NOT NULL, night TEXT NOT NULL, kernel TEXT NOT NULL,
  PRIMARY KEY (defect, line)) WITHOUT ROWID;
INSERT INTO "debut" VALUES(1,'6.12','2026-11-01','6.12.117+deb12-cloud-amd64');
INSERT INTO "debut" VALUES(2,'6.12','2026-11-02','6.12.117+deb12-cloud-amd64');
CREATE TABLE decision (
  run INTEGER NOT NULL REFERENCES run, invariant INTEGER NOT NULL REFERENCES invariant, verdict INTEGER NOT NULL,
  decided INTEGER NOT NULL, undecided INTEGER NOT NULL, violations INTEGER NOT NULL,
  reason INTEGER REFERENCES reason, PRIMARY KEY (run, invariant)) WITHOUT ROWID;
INSERT INTO "decision" VALUES(1,1,0,226,54,0,NULL);
INSERT INTO "decision" VALUES(1,2,0,154,36,0,NULL);
INSERT INTO "decision" VALUES(1,3,0,190,0,0,NULL);
INSERT INTO "decision" VALUES(1,4,0,493,36,0,NULL);
INSERT INTO "decision" VALUES(1,5,0,26,0,0,NULL);
INSERT INTO "decision" VALUES(1,6,1,63,0,2,NULL);
INSERT INTO "decision" VALUES(1,7,0,6,0,0,NULL);
INSERT INTO "decision" VALUES(1,8,0,642,35,0,NULL);
INSERT INTO "decision" VALUES(1,9,0,24,0,0,NULL);
INSERT INTO "decision" VALUES(1,10,1,24,0,1,NULL);
INSERT INTO "decision" VALUES(1,11,0,154,36,0,NULL);
INSERT INTO "decision" VALUES(1,12,0,193,36,0,NULL);
INSERT INTO "decision" VALUES(1,13,0,33,18,0,NULL);
INSERT INTO "decision" VALUES(1,14,0,1,0,0,NULL);
INSERT INTO "decision" VALUES(1,15,1,466,64,32,NULL);
INSERT INTO "decision" VALUES(1,16,0,146,0,0,NULL);
INSERT INTO "decision" VALUES(1,17,0,268,0,0,NULL);
INSERT INTO "decision" VALUES(1,18,4,43,370,0,1);
INSERT INTO "decision" VALUES(1,19,4,0,13,0,2);
INSERT INTO "decision" VALUES(1,20,4,0,13,0,3);
INSERT INTO "decision" VALUES(1,21,4,0,77,0,4);
INSERT INTO "decision" VALUES(1,22,0,20,1,0,NULL);
INSERT INTO "decision" VALUES(1,23,0,32,0,0,NULL);
INSERT INTO "decision" VALUES(2,1,0,666,54,0,NULL);
INSERT INTO "decision" VALUES(2,2,0,478,36,0,NULL);
INSERT INTO "decision" VALUES(2,3,0,514,0,0,NULL);
INSERT INTO "decision" VALUES(2,4,0,258,36,0,NULL);
INSERT INTO "decision" VALUES(2,5,0,34,0,0,NULL);
INSERT INTO "decision" VALUES(2,6,0,234,0,0,NULL);
INSERT INTO "decision" VALUES(2,7,0,13,0,0,NULL);
INSERT INTO "decision" VALUES(2,8,0,752,18,0,NULL);
INSERT INTO "decision" VALUES(2,9,0,85,0,0,NULL);
INSERT INTO "decision" VALUES(2,10,0,85,0,0,NULL);
INSERT INTO "decision" VALUES(2,11,0,478,36,0,NULL);
INSERT INTO "decision" VALUES(2,12,0,574,36,0,NULL);
INSERT INTO "decision" VALUES(2,13,0,95,18,0,NULL);
INSERT INTO "decision" VALUES(2,14,0,207,0,0,NULL);
INSERT INTO "decision" VALUES(2,19,0,17,0,0,NULL);
INSERT INTO "decision" VALUES(2,20,0,14,0,0,NULL);
INSERT INTO "decision" VALUES(2,21,0,237,0,0,NULL);
INSERT INTO "decision" VALUES(2,22,0,79,0,0,NULL);
INSERT INTO "decision" VALUES(2,24,0,4,0,0,NULL);
INSERT INTO "decision" VALUES(2,25,0,1,0,0,NULL);
INSERT INTO "decision" VALUES(3,1,0,350,54,0,NULL);
INSERT INTO "decision" VALUES(3,2,1,260,36,41,NULL);
INSERT INTO "decision" VALUES(3,3,1,296,0,8,NULL);
INSERT INTO "decision" VALUES(3,4,0,579,36,0,NULL);
INSERT INTO "decision" VALUES(3,5,0,26,0,0,NULL);
INSERT INTO "decision" VALUES(3,6,1,87,0,3,NULL);
INSERT INTO "decision" VALUES(3,7,0,16,0,0,NULL);
INSERT INTO "decision" VALUES(3,8,0,738,103,0,NULL);
INSERT INTO "decision" VALUES(3,9,0,37,0,0,NULL);
INSERT INTO "decision" VALUES(3,10,0,37,0,0,NULL);
INSERT INTO "decision" VALUES(3,11,0,257,39,0,NULL);
INSERT INTO "decision" VALUES(3,12,0,306,36,0,NULL);
INSERT INTO "decision" VALUES(3,13,0,42,18,0,NULL);
INSERT INTO "decision" VALUES(3,14,0,4,0,0,NULL);
INSERT INTO "decision" VALUES(3,15,0,531,133,0,NULL);
INSERT INTO "decision" VALUES(3,16,0,165,0,0,NULL);
INSERT INTO "decision" VALUES(3,17,0,317,0,0,NULL);
INSERT INTO "decision" VALUES(3,18,4,29,443,0,1);
INSERT INTO "decision" VALUES(3,19,4,0,13,0,2);
INSERT INTO "decision" VALUES(3,20,4,0,13,0,3);
INSERT INTO "decision" VALUES(3,21,4,0,130,0,4);
INSERT INTO "decision" VALUES(3,22,0,29,0,0,NULL);
INSERT INTO "decision" VALUES(3,23,0,42,0,0,NULL);
INSERT INTO "decision" VALUES(3,24,0,1,0,0,NULL);
INSERT INTO "decision" VALUES(4,1,0,666,54,0,NULL);
INSERT INTO "decision" VALUES(4,2,0,478,36,0,NULL);
INSERT INTO "decision" VALUES(4,3,0,514,0,0,NULL);
INSERT INTO "decision" VALUES(4,4,0,258,36,0,NULL);
INSERT INTO "decision" VALUES(4,5,0,34,0,0,NULL);
INSERT INTO "decision" VALUES(4,6,0,234,0,0,NULL);
INSERT INTO "decision" VALUES(4,7,0,13,0,0,NULL);
INSERT INTO "decision" VALUES(4,8,0,752,18,0,NULL);
INSERT INTO "decision" VALUES(4,9,0,85,0,0,NULL);
INSERT INTO "decision" VALUES(4,10,0,85,0,0,NULL);
INSERT INTO "decision" VALUES(4,11,0,478,36,0,NULL);
INSERT INTO "decision" VALUES(4,12,0,574,36,0,NULL);
INSERT INTO "decision" VALUES(4,13,0,95,18,0,NULL);
INSERT INTO "decision" VALUES(4,14,0,207,0,0,NULL);
INSERT INTO "decision" VALUES(4,19,0,17,0,0,NULL);
INSERT INTO "decision" VALUES(4,20,0,14,0,0,NULL);
INSERT INTO "decision" VALUES(4,21,0,237,0,0,NULL);
INSERT INTO "decision" VALUES(4,22,0,79,0,0,NULL);
INSERT INTO "decision" VALUES(4,24,0,4,0,0,NULL);
INSERT INTO "decision" VALUES(4,25,0,1,0,0,NULL);
CREATE TABLE defect (
  id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, invariant TEXT NOT NULL, what TEXT NOT NULL,
  function TEXT NOT NULL, doer TEXT NOT NULL, rule TEXT NOT NULL);
INSERT INTO "defect" VALUES(1,'f9574ef08dde3dc8','fork-closure','A forked VMA is missing from a tree in which its parent stands.','anon_vma_fork','anon_vma_fork','The child''s VMA must stand in every tree in which its parent''s VMA stands, and in one anon_vma of its own (mm/rmap.c, anon_vma_fork).');
INSERT INTO "defect" VALUES(2,'07f7f5ffaa9e45d3','lock-root','An anon_vma''s root has changed while it lives.','anon_vma_fork','anon_vma_clone','All anon_vmas on one same_vma list share a root, which is its own root and never changes (mm/rmap.c, lock_anon_vma_root).');
CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
INSERT INTO "grdb_migrations" VALUES('1');
CREATE TABLE incident (
  defect INTEGER NOT NULL REFERENCES defect, run INTEGER NOT NULL REFERENCES run, findings INTEGER NOT NULL,
  event INTEGER NOT NULL, PRIMARY KEY (defect, run)) WITHOUT ROWID;
INSERT INTO "incident" VALUES(1,1,35,2117);
INSERT INTO "incident" VALUES(2,3,52,2249);
CREATE TABLE invariant (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO "invariant" VALUES(1,'avc-link');
INSERT INTO "invariant" VALUES(2,'lock-root');
INSERT INTO "invariant" VALUES(3,'root-locked');
INSERT INTO "invariant" VALUES(4,'interval-key');
INSERT INTO "invariant" VALUES(5,'prepare-closure');
INSERT INTO "invariant" VALUES(6,'fork-closure');
INSERT INTO "invariant" VALUES(7,'copy-closure');
INSERT INTO "invariant" VALUES(8,'vma-state');
INSERT INTO "invariant" VALUES(9,'shared-anon-vma');
INSERT INTO "invariant" VALUES(10,'parent-closure');
INSERT INTO "invariant" VALUES(11,'counters');
INSERT INTO "invariant" VALUES(12,'refcount');
INSERT INTO "invariant" VALUES(13,'anon-vma-death');
INSERT INTO "invariant" VALUES(14,'vma-death');
INSERT INTO "invariant" VALUES(15,'reach');
INSERT INTO "invariant" VALUES(16,'page-owner');
INSERT INTO "invariant" VALUES(17,'index-fixed');
INSERT INTO "invariant" VALUES(18,'page-exclusive');
INSERT INTO "invariant" VALUES(19,'prepare-lock');
INSERT INTO "invariant" VALUES(20,'unfaulted-pgoff');
INSERT INTO "invariant" VALUES(21,'visible-attr');
INSERT INTO "invariant" VALUES(22,'walk-order');
INSERT INTO "invariant" VALUES(23,'replacement');
INSERT INTO "invariant" VALUES(24,'merge-closure');
INSERT INTO "invariant" VALUES(25,'mremap-lock');
CREATE TABLE night (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO "night" VALUES(1,'2026-11-01');
INSERT INTO "night" VALUES(2,'2026-11-02');
CREATE TABLE reason (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
INSERT INTO "reason" VALUES(1,'not recorded: PageAnonExclusive (exclusive of the page events)');
INSERT INTO "reason" VALUES(2,'not recorded: the count of mmap_lock (mmap_lock of prepare)');
INSERT INTO "reason" VALUES(3,'not recorded: vm_ops, vm_file (of prepare)');
INSERT INTO "reason" VALUES(4,'not recorded: vm_page_prot (vm_prot of avc_insert)');
CREATE TABLE run (
  id INTEGER PRIMARY KEY, night INTEGER NOT NULL REFERENCES night, test INTEGER NOT NULL REFERENCES test,
  source TEXT NOT NULL, path TEXT NOT NULL, build INTEGER NOT NULL REFERENCES build,
  tool INTEGER NOT NULL REFERENCES tool, verdict TEXT NOT NULL, recorded TEXT, records INTEGER NOT NULL,
  events INTEGER NOT NULL, note TEXT, UNIQUE (night, test, source));
INSERT INTO "run" VALUES(1,1,1,'217f73636b73eaab','6.12-fault-drop-avc/trace.dat',1,1,'violated','2026-11-23T07:52:56Z',3142,3142,NULL);
INSERT INTO "run" VALUES(2,1,2,'2a9ae202b1276bfb','6.12-structure-v6/trace.dat',1,1,'holds','2026-11-23T09:40:00Z',2511,2511,NULL);
INSERT INTO "run" VALUES(3,2,3,'dfbfca8dc150864b','6.12-fault-wrong-root/trace.dat',1,1,'violated','2026-11-23T07:53:57Z',3574,3574,'the recording contradicts itself 1 time(s), first at event 2742: root of anon_vma 0xff39f91108c231a0 was 0xff39f91108c23dd0 at event 2190, is 0xff39f91108c231a0');
INSERT INTO "run" VALUES(4,2,2,'2a9ae202b1276bfb','6.12-structure-v6/trace.dat',1,1,'holds','2026-11-23T09:40:00Z',2511,2511,NULL);
CREATE TABLE test (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, line TEXT NOT NULL, flavour TEXT NOT NULL,
  workload TEXT NOT NULL, level TEXT, fault TEXT);
INSERT INTO "test" VALUES(1,'6.12/cloud-amd64/anon_vma_paths_--only_child-writes/pages/fault-drop-avc','6.12','cloud-amd64','anon_vma_paths_--only_child-writes','pages','drop-avc');
INSERT INTO "test" VALUES(2,'6.12/cloud-amd64/anon_vma_paths_--only_fault_fork-wide_mremap-move_split-_77ef1f9/structure','6.12','cloud-amd64','anon_vma_paths_--only_fault_fork-wide_mremap-move_split-_77ef1f9','structure',NULL);
INSERT INTO "test" VALUES(3,'6.12/cloud-amd64/anon_vma_paths_--only_split-in-child/pages/fault-wrong-root','6.12','cloud-amd64','anon_vma_paths_--only_split-in-child','pages','wrong-root');
CREATE TABLE tool (
  id INTEGER PRIMARY KEY, version TEXT NOT NULL, source TEXT NOT NULL, UNIQUE (version, source));
INSERT INTO "tool" VALUES(1,'0.1.0','f075cb4fafec');
CREATE INDEX run_of_test ON run (test, night);
CREATE INDEX incident_of_run ON incident (run);
COMMIT;
